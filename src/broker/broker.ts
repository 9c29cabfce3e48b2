import { systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Journal } from '../storage/journal.ts';
import { MessageStore } from '../storage/message-store.ts';
import { Window } from '../storage/window.ts';
import type { BrokerOptions } from './broker-options.ts';
import { applyToVhost, type Change } from './definitions.ts';
import { BrokerError } from './errors.ts';
import type { Route } from './exchanges/router.ts';
import { Routing } from './exchanges/routing.ts';
import { LogWaiters } from './flow/log-waiters.ts';
import { MemoryWatch } from './flow/memory-watch.ts';
import { Flow } from './flow.ts';
import type { MessageFormat } from './format.ts';
import { applyHeld, isHeldChange } from './held/held-changes.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { Logins } from './logins/logins.ts';
import type { Publication } from './publication.ts';
import { type Published, Publishing, type PublishingHost } from './publishing/publishing.ts';
import type { DeathReason, Queue } from './queue.ts';
import { Schedules } from './schedule/schedules.ts';
import type { Session } from './session.ts';
import { Counters } from './statistics.ts';
import { Delivery } from './subscription.ts';
import { PreparedTransactions } from './transactions/prepared-transactions.ts';
import type { Background } from './turns/background.ts';
import { Turns } from './turns/turns.ts';
import { Access, checkPermission, everything, type Permission, type User, Users } from './users.ts';
import { Vhost, type VhostHost } from './vhost.ts';

/** Turns that work which is being done may take when the broker ends: some two seconds. */
const closingTurnsMax = 500;

/** The broker's entry: virtual hosts, and what protocols ask of them. */
export class Broker implements VhostHost, PublishingHost, Journal<Change> {
  readonly name = 'definitions';
  readonly store: MessageStore;
  readonly limits: Limits;
  /** As clients are told it. */
  readonly brokerName: string;
  /** As clients are told it: `3.13`. */
  readonly engineVersion: string;
  readonly vhosts = new Map<string, Vhost>();
  readonly delivery = new Delivery();
  readonly counters = new Counters();
  readonly users = new Users();
  readonly logins: Logins;
  /** Makes publishers wait where memory, disk or log run short. */
  readonly flow = new Flow();
  /** Deliveries that a channel may leave unsettled now. */
  unsettledCountMax: number;
  /** Bytes that all peers together have not read yet. */
  readonly unread = { bytes: 0 };
  /** Connections that have opened a virtual host. */
  readonly sessions = new Set<Session>();
  readonly turns: Turns;
  /** Messages that wait for a time. */
  readonly schedules: Schedules;
  /** Transactions whose outcome somebody else decides (XA). */
  readonly prepared: PreparedTransactions;
  /** Finds the queues of messages. */
  readonly routing: Routing;
  isRecovering = true;
  /** Whoever waits for something to be on the disk. */
  readonly logWaiters = new LogWaiters();
  readonly #options: BrokerOptions;
  readonly #memory: MemoryWatch;
  readonly #random: Random;
  readonly #publishing: Publishing;
  #queueNumber = 0;
  #isFounded = false;

  private constructor(options: BrokerOptions) {
    this.#options = options;
    this.logins = new Logins(this.users, options);
    this.#random = options.random ?? systemRandom;
    this.brokerName = options.brokerName ?? 'localhost';
    this.engineVersion = options.engineVersion ?? '3.13';
    this.limits = { ...defaultLimits, ...options.limits };
    this.unsettledCountMax = this.limits.unsettledCountMax;
    this.#memory = new MemoryWatch(this.flow, this.limits, options.collectGarbage);
    this.turns = new Turns({
      clock: options.clock ?? systemClock,
      // A clock that is moved by hand does not tell how long a turn has taken.
      turnMs: options.clock === undefined ? () => systemClock.monotonicMs() : () => 0,
      workUnitsMax: this.limits.workUnitsMax,
      wakeAt: options.wakeAt,
      isBehind: () => this.store.log.pendingBytes > this.limits.pendingBytesMax,
      pumped: () => {
        this.store.writeSettlements();
        this.store.writeCounts();
      },
      jobFailed: (error) => this.internalError(error, 'a client that is gone'),
    });
    this.store = new MessageStore({
      name: this.name,
      apply: (change) => this.apply(change as Change), // only changes are ever written
      snapshot: () => this.snapshot(),
    });
    this.routing = new Routing(this.limits, options.formats);
    this.schedules = new Schedules(this);
    this.prepared = new PreparedTransactions(this);
    this.#publishing = new Publishing(this, this.routing);
  }

  /**
   * Opens a broker and recovers what its log holds. Consumers are to be let in once `defined` resolves:
   * only then does the next start know that messages may have been delivered.
   */
  static async open(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    await options.openLog(broker.store);
    broker.store.recovered();
    broker.#finishRecovery();
    if (!broker.#isFounded) broker.#found();
    broker.define({ kind: 'started' });
    return broker;
  }

  /** What a new broker begins with; whatever of it is deleted later stays so. */
  #found(): void {
    this.createVhost('/');
    for (const { username, passwordHash } of this.#options.users) {
      this.putUser(username, passwordHash, ['administrator']);
      this.setPermission(username, '/', everything);
    }
    this.#change({ kind: 'founded' });
  }

  /** Windows are full only now, so queues begin anew with what is in them. */
  #finishRecovery(): void {
    for (const vhost of this.vhosts.values()) {
      for (const queue of [...vhost.queues.values()]) queue.recover(!this.store.isCleanStop);
    }
    this.isRecovering = false;
    this.schedules.recovered();
    this.prepared.recovered();
    this.turns.forgetTime();
  }

  /** A bug has ended a connection: said once a connection, for the log. */
  internalError(error: unknown, peerAddress: string): void {
    this.#options.onInternalError?.(error, peerAddress);
  }

  /** Work that grows with data, done in slices. */
  get background(): Background {
    return this.turns.background;
  }

  /** Bytes of memory in use. */
  get memoryBytes(): number {
    return this.#options.memoryBytes?.() ?? process.memoryUsage.rss();
  }

  requireMemory(what: string): void {
    if (!this.#memory.isExhausted || this.isRecovering) return;
    throw new BrokerError('resource-error', `low on memory: no room for another ${what}`);
  }

  /** The group up to which everything is synced. */
  get durableGroup(): number {
    return this.store.log.durableGroup;
  }

  /** To be called by the log once per synced group. */
  onDurable(group: number): void {
    this.logWaiters.durable(group);
    const isBehind = this.store.log.pendingBytes * 2 >= this.limits.pendingBytesMax;
    if (this.flow.isPaused && !isBehind) this.flow.setPaused(false);
    this.pump();
  }

  /** @throws {BrokerError} `not-allowed` */
  vhost(name: string): Vhost {
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) throw new BrokerError('not-allowed', `vhost ${name} not found`);
    return vhost;
  }

  /** Adds a virtual host with the exchanges every one has. */
  createVhost(name: string): Vhost {
    if (!this.vhosts.has(name)) this.#change({ kind: 'vhost', vhost: name });
    return this.vhost(name);
  }

  /**
   * Deletes a virtual host with everything in it and disconnects its clients.
   *
   * @throws {BrokerError} `not-allowed` where there is none of this name
   */
  deleteVhost(name: string): void {
    this.vhost(name);
    this.#disconnect((access) => access.vhost === name, `vhost '${name}' is deleted`);
    this.#change({ kind: 'vhost-deleted', vhost: name });
  }

  /** Adds a user, or gives one that is there another password and other tags. */
  putUser(user: string, passwordHash: string, tags: readonly string[]): void {
    this.#change({ kind: 'user', user, passwordHash, tags });
  }

  /**
   * Deletes a user and disconnects whoever is logged in so.
   *
   * @throws {BrokerError} `not-found`
   */
  deleteUser(name: string): void {
    this.users.require(name);
    this.#disconnect((access) => access.user === name, `user '${name}' is deleted`);
    this.#change({ kind: 'user-deleted', user: name });
  }

  /**
   * Sets what a user may do in a virtual host; in force at once.
   *
   * @throws {BrokerError} `not-found`, `not-allowed`, or `precondition-failed` for a bad pattern
   */
  setPermission(user: string, vhost: string, permission: Permission): void {
    this.users.require(user);
    this.vhost(vhost);
    checkPermission(permission);
    this.#change({ kind: 'permission', user, vhost, ...permission });
  }

  /**
   * Shuts a user out of a virtual host; in force at once.
   *
   * @throws {BrokerError} `not-found`
   */
  clearPermission(user: string, vhost: string): void {
    this.users.require(user);
    this.#change({ kind: 'permission-cleared', user, vhost });
  }

  #disconnect(concerns: (access: Access) => boolean, reason: string): void {
    for (const session of [...this.sessions]) {
      if (concerns(session.access)) session.shutdown(reason);
    }
  }

  #change(change: Change): void {
    this.define(change);
    this.apply(change);
  }

  /** Resolves once every definition made so far is on the disk. */
  defined(): Promise<void> {
    return this.logWaiters.until(this.store.definedGroup, this.durableGroup);
  }

  /** @throws {BrokerError} `not-allowed` where the user has no rights there */
  access(user: User, vhost: string): Access {
    const permissions = this.users.get(user.name)?.permissions;
    if (permissions?.has(vhost) !== true || !this.vhosts.has(vhost)) {
      const why = `access to vhost '${vhost}' refused for user '${user.name}'`;
      throw new BrokerError('not-allowed', why);
    }
    this.#requireRoomFor(user, this.vhost(vhost));
    return new Access(this.users, user.name, vhost);
  }

  #requireRoomFor(user: User, { name, settings }: Vhost): void {
    const countMax = settings.limit('max-connections');
    if (countMax === Infinity) return;
    let count = 0;
    for (const { access } of this.sessions) if (access.vhost === name) count++;
    if (count < countMax) return;
    const refused = `access to vhost '${name}' refused for user '${user.name}'`;
    throw new BrokerError('not-allowed', `${refused}: connection limit (${countMax}) is reached`);
  }

  /**
   * Routes and stores a message, copying it once; deliveries wait for `pump`.
   *
   * @param routed where it goes, where that was searched for before
   * @returns what became of it: an object that the next call may overwrite
   * @throws {BrokerError} `precondition-failed` where it takes too much to route it
   */
  publish(vhost: Vhost, publication: Publication, routed?: Route): Published {
    return this.#publishing.publish(vhost, publication, routed);
  }

  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    this.#publishing.deadLetter(queue, view, reason);
  }

  /** Makes publishers wait where the log is behind. */
  pauseIfBehind(): void {
    const { log } = this.store;
    if (log.pendingBytes <= this.limits.pendingBytesMax) return;
    this.flow.setPaused(true);
    log.sync(); // what publishers wait for
  }

  /** The same for a message that nobody waits for: all of it at once, and its outcome is not told. */
  publishWhole(vhost: Vhost, publication: Publication): void {
    this.#publishing.publishWhole(vhost, publication);
  }

  /** Stores a message for queues, however full they are. */
  storeQuietly(publication: Publication, queues: readonly Queue[]): void {
    this.#publishing.storeQuietly(publication, queues);
  }

  /** A bug keeps a message from being made, which must not hold up all those behind it. */
  letterLost(error: unknown, queue: string): void {
    this.#options.onLetterLost?.(error, queue);
  }

  /**
   * Delivers what can be, and does what this turn may of all other work. To be called once everything
   * received in one piece was handled.
   */
  pump(): void {
    this.turns.pump();
  }

  nowMs(): number {
    return this.turns.nowMs();
  }

  /** Does what is due, and looks at the memory; to be called several times a second. */
  tick(): void {
    this.turns.forgetTime();
    this.#memory.tick(this.nowMs(), this.memoryBytes);
    const { unsettledCountMax, unsettledCountShort } = this.limits;
    const before = this.unsettledCountMax;
    this.unsettledCountMax = this.#memory.isExhausted ? unsettledCountShort : unsettledCountMax;
    if (this.unsettledCountMax > before) this.background.run(this.#wakeConsumers());
    this.doDue();
  }

  /** Channels may leave more unsettled than before. */
  *#wakeConsumers(): Generator<void> {
    for (const vhost of this.vhosts.values()) {
      for (const queue of vhost.queues.values()) {
        if (queue.consumerCount === 0) continue;
        queue.rejoinAll();
        yield;
      }
    }
  }

  /** Does what is due; to be called when `wakeAt` said. */
  doDue(): void {
    this.turns.doDue();
  }

  /** The format with a number, whatever flags are in it; undefined for one that is not known. */
  formatOf(number: number): MessageFormat | undefined {
    return this.routing.formatOf(number);
  }

  load(queue: Queue, sequence: number): void {
    if (queue.isLoading) return;
    queue.isLoading = true;
    const done = () => {
      queue.loaded();
      this.pump();
    };
    // A block that cannot be read has failed the log, which ends the broker.
    const failed = () => this.flow.block('storage failed');
    this.store.load(queue.window, sequence).then(done, failed);
  }

  deleteQueue(queue: Queue): void {
    this.vhost(queue.vhost).removeQueue(queue);
  }

  queueEnded(queue: Queue): void {
    this.turns.forget(queue);
    this.counters.delivered += queue.deliveredCount;
    this.counters.settled += queue.settledCount;
  }

  newWindow(number: number | undefined, isDurable: boolean): Window {
    this.#queueNumber = Math.max(this.#queueNumber, number ?? this.#queueNumber + 1);
    const window = new Window(number ?? this.#queueNumber, isDurable);
    if (isDurable) this.store.windows.set(window.number, window);
    return window;
  }

  randomName(): string {
    return this.#random.bytes(16).toString('base64url');
  }

  define(change: Change): void {
    if (!this.isRecovering) this.store.define(change);
  }

  /** Folds a definition in that the log holds. */
  apply(change: Change): void {
    switch (change.kind) {
      case 'founded':
        this.#isFounded = true;
        return;
      case 'started':
        return;
      case 'counter':
        this.#queueNumber = Math.max(this.#queueNumber, change.queueNumber);
        return;
      case 'vhost':
        if (this.vhosts.has(change.vhost)) return;
        this.vhosts.set(change.vhost, new Vhost(this, change.vhost));
        return;
      case 'vhost-deleted':
        this.#removeVhost(change.vhost);
        return;
      case 'user':
      case 'user-deleted':
      case 'permission':
      case 'permission-cleared':
        this.users.apply(change);
        // Whoever remembers where it may publish to asks anew.
        for (const vhost of this.vhosts.values()) vhost.version++;
        return;
      default:
        if (isHeldChange(change)) applyHeld(change, this);
        else applyToVhost(this.vhosts.get(change.vhost), change);
    }
  }

  #removeVhost(name: string): void {
    this.users.forgetVhost(name);
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return;
    vhost.end();
    this.vhosts.delete(name);
    this.schedules.forget(name);
    this.prepared.forget(name);
    this.routing.forget(vhost);
  }

  /** Everything durable that was declared. */
  *snapshot(): Iterable<Change> {
    yield { kind: 'counter', queueNumber: this.#queueNumber };
    if (this.#isFounded) yield { kind: 'founded' };
    for (const vhost of this.vhosts.values()) yield* vhost.snapshot();
    yield* this.schedules.snapshot();
    yield* this.prepared.snapshot();
    yield* this.users.snapshot();
  }

  /** Ends the broker in order: everything appended is synced. Connections must have ended. */
  async close(): Promise<void> {
    this.background.finishJobs();
    this.pump();
    // What was rejected is to be a dead letter yet; what merely expires does so after the next start too.
    for (let turn = 0; turn < closingTurnsMax; turn++) {
      if (!this.background.isPending && !this.store.isLoading) break;
      await this.store.loaded();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.background.end();
    await this.store.close();
  }
}
