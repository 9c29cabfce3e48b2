import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Journal } from '../storage/journal.ts';
import { MessageStore } from '../storage/message-store.ts';
import { Window } from '../storage/window.ts';
import type { BrokerOptions } from './broker-options.ts';
import { applyToVhost, type Change } from './definitions.ts';
import { DeadLettering } from './endings/dead-lettering.ts';
import { BrokerError } from './errors.ts';
import type { Route } from './exchanges/router.ts';
import { Routing } from './exchanges/routing.ts';
import { Background } from './flow/background.ts';
import { LogWaiters } from './flow/log-waiters.ts';
import { MemoryWatch } from './flow/memory-watch.ts';
import { Flow } from './flow.ts';
import type { MessageFormat } from './format.ts';
import { applyHeld, isHeldChange } from './held/held-changes.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { Logins } from './logins/logins.ts';
import type { Publication } from './publication.ts';
import type { DeathReason, Queue } from './queue.ts';
import { Schedules } from './schedule/schedules.ts';
import type { Session } from './session.ts';
import { Counters } from './statistics.ts';
import { Delivery } from './subscription.ts';
import { PreparedTransactions } from './transactions/prepared-transactions.ts';
import { Turns } from './turns/turns.ts';
import { Access, checkPermission, everything, type Permission, type User, Users } from './users.ts';
import { Vhost, type VhostHost } from './vhost.ts';

/** Turns that work which is being done may take when the broker ends: some two seconds. */
const closingTurnsMax = 500;

/** The broker's entry: virtual hosts, and what protocols ask of them. */
export class Broker implements VhostHost, Journal<Change> {
  readonly name = 'definitions';
  readonly store: MessageStore;
  readonly limits: Limits;
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
  /** How many queues took the message of the last `publish`. */
  routed = 0;
  /** Whether a full queue refused it. */
  isRejected = false;
  /** The group it is in, which confirms it once synced; 0 where nothing durable took it. */
  group = 0;
  /** Whoever waits for something to be on the disk. */
  readonly logWaiters = new LogWaiters();
  /** Work that grows with data, done in slices. */
  readonly background = new Background(
    () => this.pump(),
    (error) => this.internalError(error, 'a client that is gone'),
  );
  readonly #options: BrokerOptions;
  readonly #memory: MemoryWatch;
  readonly #random: Random;
  readonly #deadLettering: DeadLettering;
  #queueNumber = 0;
  #isFounded = false;

  private constructor(options: BrokerOptions) {
    this.#options = options;
    this.logins = new Logins(this.users, options);
    this.#random = options.random ?? systemRandom;
    this.engineVersion = options.engineVersion ?? '3.13';
    this.limits = { ...defaultLimits, ...options.limits };
    this.unsettledCountMax = this.limits.unsettledCountMax;
    this.#memory = new MemoryWatch(this.flow, this.limits, options.collectGarbage);
    this.turns = new Turns({
      clock: options.clock ?? systemClock,
      workUnitsMax: this.limits.workUnitsMax,
      wakeAt: options.wakeAt,
      isBehind: () => this.store.log.pendingBytes > this.limits.pendingBytesMax,
      pumped: () => {
        this.store.writeSettlements();
        this.store.writeCounts();
      },
    });
    this.#deadLettering = new DeadLettering({
      nowMs: () => this.nowMs(),
      vhost: (name) => this.vhost(name),
      formatOf: (number) => this.formatOf(number),
      route: (vhost, exchange, letter) => this.routing.routeOrDrop(vhost, exchange, letter),
      storeDead: (letter, queues) => {
        this.counters.deadLettered++;
        this.storeQuietly(letter, queues);
      },
      retry: (queue, view) => this.schedules.retry(queue, view),
      delay: (vhost, letter) => this.schedules.delayLetter(vhost, letter),
      spend: (units) => this.turns.work.spend(units),
    });
    this.store = new MessageStore({
      name: this.name,
      apply: (change) => this.apply(change as Change), // only changes are ever written
      snapshot: () => this.snapshot(),
    });
    this.routing = new Routing(this.limits, options.formats);
    this.schedules = new Schedules(this);
    this.prepared = new PreparedTransactions(this);
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
   * Routes and stores a message, copying it once. The outcome is in `routed`, `isRejected` and
   * `group`; deliveries wait for `pump`.
   *
   * @param routed where it goes, where that was searched for before
   * @throws {BrokerError} `precondition-failed` where it takes too much to route it
   */
  publish(vhost: Vhost, publication: Publication, routed?: Route): void {
    const { exchange } = publication;
    assert(exchange !== undefined, 'a publication has no exchange');
    if (exchange.isDelayed && this.schedules.delay(vhost, publication)) return;
    const route = routed ?? this.routing.routeAtOnce(vhost, exchange, publication);
    this.isRejected = false;
    this.group = 0;
    this.routed = route.queues.length;
    this.counters.published++;
    if (this.routed === 0) {
      this.counters.unrouted++;
      return;
    }
    let { queues, windows } = route;
    for (const queue of queues) {
      if (!queue.isFull(publication.bodyLength)) continue;
      queues = this.#refuse(vhost, publication, queues);
      windows = queues.map((taker) => taker.window);
      break;
    }
    if (queues.length > 0) this.#store(publication, queues, windows);
    const { work } = this.turns;
    // One piece at least: else a publisher could make work faster than turns can do it.
    if (work.isPending) work.run(1);
  }

  #store(publication: Publication, queues: readonly Queue[], windows: readonly Window[]): void {
    const nowMs = this.nowMs();
    const { expirationMs, isPersistent, bodyLength } = publication;
    const expiresAtMs = expirationMs < 0 ? Infinity : nowMs + expirationMs;
    const { log } = this.store;
    const block = this.store.append(publication, windows, isPersistent, nowMs, expiresAtMs);
    const group = block.transient ? 0 : log.openGroup;
    for (const queue of queues) queue.arrived(bodyLength);
    for (const queue of queues) queue.shorten();
    this.group = group;
    if (group > 0) this.pauseIfBehind();
  }

  /** Makes publishers wait where the log is behind. */
  pauseIfBehind(): void {
    const { log } = this.store;
    if (log.pendingBytes <= this.limits.pendingBytesMax) return;
    this.flow.setPaused(true);
    log.sync(); // what publishers wait for
  }

  /** Full queues refuse; returns those that do not. */
  #refuse(vhost: Vhost, publication: Publication, queues: readonly Queue[]): readonly Queue[] {
    const full: Queue[] = [];
    const takers: Queue[] = [];
    for (const queue of queues) {
      if (queue.isFull(publication.bodyLength)) full.push(queue);
      else takers.push(queue);
    }
    this.#deadLettering.refused(vhost, publication, full);
    this.isRejected = true;
    this.counters.refused++;
    return takers;
  }

  /** Publishes what died in a queue to the queue's dead letter exchange. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    try {
      this.#deadLettering.died(queue, view, reason);
    } catch (error) {
      this.letterLost(error, queue.name);
    }
  }

  /** A bug keeps a message from being made, which must not hold up all those behind it. */
  letterLost(error: unknown, queue: string): void {
    this.#options.onLetterLost?.(error, queue);
  }

  /** Stores a message for queues; the outcome of the last `publish` stays as it was. */
  storeQuietly(publication: Publication, queues: readonly Queue[]): void {
    const { group } = this;
    const windows = queues.map((queue) => queue.window);
    this.#store(publication, queues, windows);
    this.group = group; // the one thing of it that storing changes
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
    this.unsettledCountMax = this.#memory.isExhausted ? unsettledCountShort : unsettledCountMax;
    this.doDue();
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
    this.background.finish();
    this.pump();
    // What was rejected is to be a dead letter yet; what merely expires does so after the next start too.
    for (let turn = 0; turn < closingTurnsMax; turn++) {
      if (!this.turns.work.isPending && !this.store.isLoading) break;
      await this.store.loaded();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.turns.work.end();
    await this.store.close();
  }
}
