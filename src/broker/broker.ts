// The broker.

import { systemClock } from '../base/clock.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type { Journal } from '../storage/journal.ts';
import { MessageStore } from '../storage/message-store.ts';
import { QueueIndex } from '../storage/queue-index.ts';
import { StreamIndex } from '../storage/streams/stream-index.ts';
import { Accounts } from './accounts/accounts.ts';
import type { BrokerOptions } from './broker-options.ts';
import { ClientConnections } from './client-connection.ts';
import { LargeConversions } from './conversion/large-conversions.ts';
import type { SafeLetter } from './dead-lettering/dead-letter-router.ts';
import { applyToVhost, type Change } from './definitions.ts';
import { BrokerError } from './errors.ts';
import type { Destination } from './exchanges/binding.ts';
import type { Exchange } from './exchanges/exchange.ts';
import { MessageRouter } from './exchanges/message-router.ts';
import type { Route } from './exchanges/route-cache.ts';
import { LogWaiters } from './flow/log-waiters.ts';
import { MemoryWatch } from './flow/memory-watch.ts';
import { Flow } from './flow.ts';
import type { MessageFormat } from './format.ts';
import { applyHeld, isHeldChange } from './held/held-changes.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { LoginExpiry } from './logins/login-expiry.ts';
import { Logins } from './logins/logins.ts';
import type { Publication } from './publication.ts';
import { replayHistory } from './publishing/history-replay.ts';
import type { LongPublishes } from './publishing/long-publishes.ts';
import { ProducerSequences } from './publishing/producer-sequences.ts';
import { type Published, Publishing, type PublishingHost } from './publishing/publishing.ts';
import type { DeathReason, Queue } from './queue.ts';
import { loads } from './queues/loading.ts';
import { isParameterChange, Parameters } from './rabbitmq/parameters.ts';
import { type Personality, personalityOf } from './rabbitmq/personality.ts';
import { RetainedMessages } from './retained/retained-messages.ts';
import { Schedules } from './schedule/schedules.ts';
import { isSessionChange } from './sessions/stored-session.ts';
import { StoredSessions } from './sessions/stored-sessions.ts';
import { beginBroker, type InitialSettings } from './settings/initial-settings.ts';
import { Counters } from './statistics.ts';
import { Delivery } from './subscription.ts';
import { PreparedTransactions } from './transactions/prepared-transactions.ts';
import type { Background } from './turns/background.ts';
import { inTurns, recoveryOf } from './turns/in-turns.ts';
import { Turns } from './turns/turns.ts';
import {
  type Access,
  everything,
  isUserChange,
  type Permission,
  type User,
  Users,
} from './users.ts';
import { Vhost, type VhostHost } from './vhost.ts';
import { storedMetadata, type VhostMetadata } from './vhosts/vhost-metadata.ts';

/** Maximum number of turns for pending work when the broker closes: about two seconds. */
const closingTurnsMax = 500;

/** The entry point of the broker: virtual hosts, users, publishing, and the work of each turn. */
export class Broker implements VhostHost, PublishingHost, Journal<Change> {
  readonly name = 'definitions';
  readonly store: MessageStore;
  readonly limits: Limits;
  /** The name that clients see. */
  readonly brokerName: string;
  /** The engine version that clients see: `3.13`. */
  readonly engineVersion: string;
  readonly personality: Personality;
  readonly vhosts = new Map<string, Vhost>();
  readonly delivery = new Delivery();
  readonly counters = new Counters();
  readonly users = new Users();
  readonly logins: Logins;
  /** Changes virtual hosts, users and permissions. */
  readonly accounts: Accounts;
  /** Runtime parameters. */
  readonly parameters: Parameters;
  /** Blocks publishers while memory or disk space is low, and pauses them if the log is behind. */
  readonly flow = new Flow();
  /** The current maximum number of unsettled deliveries per channel. */
  unsettledCountMax: number;
  /** Bytes that all peers together have not read yet. */
  readonly unread = { bytes: 0 };
  /** Connections that have opened a virtual host. */
  readonly clientConnections = new ClientConnections();
  readonly #loginExpiry = new LoginExpiry(this.clientConnections);
  readonly turns: Turns;
  /** Delayed and scheduled messages. */
  readonly schedules: Schedules;
  /** Prepared transactions (XA). */
  readonly prepared: PreparedTransactions;
  /** The last messages of producers that send again what was not confirmed. */
  readonly producers = new ProducerSequences(this);
  /** Messages that topics retain for future subscribers. */
  readonly retained: RetainedMessages;
  /** Sessions that outlive their connections. */
  readonly sessions: StoredSessions;
  /** The routing of messages to queues. */
  readonly routing: MessageRouter;
  readonly conversions: LargeConversions;
  isRecovering = true;
  /** Objects that wait until data is on disk. */
  readonly logWaiters = new LogWaiters();
  readonly initialSettings: InitialSettings | undefined;
  readonly #options: BrokerOptions;
  readonly #memory: MemoryWatch;
  readonly #random: Random;
  readonly #publishing: Publishing;
  #queueNumber = 0;
  #isInitialized = false;

  private constructor(options: BrokerOptions) {
    this.#options = options;
    this.initialSettings = options.initialSettings;
    this.logins = new Logins(this.users, options);
    this.#random = options.random ?? systemRandom;
    this.brokerName = options.brokerName ?? 'localhost';
    this.engineVersion = options.engineVersion ?? '3.13';
    this.personality = personalityOf(this.engineVersion);
    this.limits = { ...defaultLimits, ...this.personality.limits, ...options.limits };
    this.unsettledCountMax = this.limits.unsettledCountMax;
    this.parameters = new Parameters(this.limits, this.#change);
    this.#memory = new MemoryWatch(this.flow, this.limits, options.collectGarbage);
    this.turns = new Turns({
      clock: options.clock ?? systemClock,
      // With a clock of a test, the duration of a turn is unknown.
      turnMs: options.turnMs ?? (options.clock ? () => 0 : () => systemClock.monotonicMs()),
      workUnitsMax: this.limits.workUnitsMax,
      wakeAt: options.wakeAt,
      isBehind: () => this.store.log.pendingBytes > this.limits.pendingBytesMax,
      isRecovering: () => this.isRecovering,
      pumped: () => {
        this.store.writeSettlements();
        this.store.writeCounts();
      },
      jobFailed: (error) => this.internalError(error, 'a disconnected client'),
    });
    this.accounts = new Accounts(this, this.#change);
    this.store = new MessageStore({
      name: this.name,
      apply: (change) => this.apply(change as Change), // changes are only written
      snapshot: () => this.snapshot(),
    });
    this.routing = new MessageRouter(this.limits, options.formats);
    this.conversions = new LargeConversions(this, options.convertsInThread);
    this.schedules = new Schedules(this);
    this.prepared = new PreparedTransactions(this);
    this.retained = new RetainedMessages(this);
    this.sessions = new StoredSessions(this);
    this.#publishing = new Publishing(this, this.routing);
  }

  /**
   * Opens a broker and recovers its log. Consumers may be accepted only after `defined` resolves.
   * From then on, the next start knows that messages may have been delivered.
   */
  static async open(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    await options.openLog(broker.store);
    broker.store.recovered();
    await broker.#finishRecovery();
    if (!broker.#isInitialized) broker.#initialize();
    broker.define({ kind: 'started' });
    return broker;
  }

  /** Creates the initial definitions of a new broker. Deleted ones are not created again. */
  #initialize(): void {
    this.accounts.putVhost('/', {});
    beginBroker(this.vhost('/').settings, this.initialSettings);
    for (const { username, passwordHash } of this.#options.users) {
      this.putUser(username, passwordHash, ['administrator']);
      this.setPermission(username, '/', everything);
    }
    this.#change({ kind: 'founded' });
  }

  /** The queue indexes are complete only now, so the queues are initialised from them. */
  async #finishRecovery(): Promise<void> {
    const queues = [...this.vhosts.values()].flatMap((vhost) => [...vhost.queues.values()]);
    const steps = recoveryOf(queues, !this.store.isCleanStop);
    await inTurns(steps, () => this.turns.forgetTime());
    this.isRecovering = false;
    this.schedules.recovered();
    this.prepared.recovered();
    this.retained.recovered();
  }

  /** Reports a connection that was closed because of a bug. */
  internalError(error: unknown, peerAddress: string): void {
    this.#options.onInternalError?.(error, peerAddress);
  }

  /** Long work, performed in slices. */
  get background(): Background {
    return this.turns.background;
  }

  /** Memory in use, bytes. */
  get memoryBytes(): number {
    return this.#options.memoryBytes?.() ?? process.memoryUsage.rss();
  }

  requireMemory(what: string): void {
    if (!this.#memory.isExhausted || this.isRecovering) return;
    throw new BrokerError('resource-error', `low on memory: no room for another ${what}`);
  }

  requireRoomInBroker(subject: string): void {
    this.accounts.requireRoomInBroker(subject);
  }

  /** The number of the last synced group. */
  get durableGroup(): number {
    return this.store.log.durableGroup;
  }

  /** Called by the log once per synced group. */
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

  /** Creates a virtual host with the predeclared exchanges. */
  createVhost(name: string): Vhost {
    if (!this.vhosts.has(name)) this.#change({ kind: 'vhost', vhost: name });
    return this.vhost(name);
  }

  /** See {@link Accounts.deleteVhost}. */
  deleteVhost(name: string): void {
    this.accounts.deleteVhost(name);
  }

  /** See {@link Accounts.putUser}. */
  putUser(user: string, passwordHash: string, tags: readonly string[]): void {
    this.accounts.putUser(user, passwordHash, tags);
  }

  /** See {@link Accounts.deleteUser}. */
  deleteUser(name: string): void {
    this.accounts.deleteUser(name);
  }

  /** See {@link Accounts.setPermission}. */
  setPermission(user: string, vhost: string, permission: Permission): void {
    this.accounts.setPermission(user, vhost, permission);
  }

  /** See {@link Accounts.clearPermission}. */
  clearPermission(user: string, vhost: string): void {
    this.accounts.clearPermission(user, vhost);
  }

  readonly #change = (change: Change): void => {
    this.define(change);
    this.apply(change);
  };

  /** Resolves once all definitions made so far are on disk. */
  defined(): Promise<void> {
    return this.logWaiters.until(this.store.definedGroup, this.durableGroup);
  }

  /** See {@link Accounts.access}. */
  access(user: User, vhost: string, canWait = false): Access {
    return this.accounts.access(user, vhost, canWait);
  }

  /**
   * Routes and stores a message, copying it once. Deliveries wait for `pump`.
   *
   * @param routed the route, if it was determined before
   * @returns the result, in an object that the next call overwrites
   * @throws {BrokerError} `precondition-failed` if the routing takes too many steps
   */
  publish(vhost: Vhost, publication: Publication, routed?: Route): Published {
    return this.#publishing.publish(vhost, publication, routed);
  }

  replay(vhost: Vhost, source: Exchange, destination: Destination): void {
    replayHistory(this.#publishing, vhost, source, destination);
  }

  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void {
    this.#publishing.deadLetter(queue, view, reason);
  }

  deadLetterSafely(...of: SafeLetter): boolean {
    return this.#publishing.deadLetterSafely(...of);
  }

  /** Pauses publishers if the log is behind. */
  pauseIfBehind(): void {
    const { log } = this.store;
    if (log.pendingBytes <= this.limits.pendingBytesMax) return;
    this.flow.setPaused(true);
    log.sync(); // publishers wait for this
  }

  /** Publishes that no publisher waits for and that take several turns. */
  get longPublishes(): LongPublishes {
    return this.#publishing.longPublishes;
  }

  /** Publishes a message that no publisher waits for, in the background if it takes long. */
  publishUnawaited(vhost: Vhost, publication: Publication): void {
    this.#publishing.publishUnawaited(vhost, publication);
  }

  /** Publishes a message that no publisher waits for, in steps. The publication owns its bytes. */
  publishInSteps(vhost: Vhost, publication: Publication): Generator<void> {
    return this.#publishing.publishInSteps(vhost, publication);
  }

  /** Stores a message in queues without checking their limits. */
  storeQuietly(publication: Publication, queues: readonly Queue[]): void {
    this.#publishing.storeQuietly(publication, queues);
  }

  /** Reports a dead letter that was lost because of a bug. Others must not be affected. */
  letterLost(error: unknown, queue: string): void {
    this.#options.onLetterLost?.(error, queue);
  }

  /**
   * Delivers messages, and performs other work as far as this turn permits. Call it after
   * everything received at once was handled.
   */
  pump(): void {
    this.turns.pump();
  }

  nowMs(): number {
    return this.turns.nowMs();
  }

  /** Performs due work and checks the memory. Call it several times a second. */
  tick(): void {
    this.turns.forgetTime();
    this.#memory.tick(this.nowMs(), this.memoryBytes);
    this.#loginExpiry.tick(this.nowMs());
    this.conversions.tick(this.nowMs());
    const max = this.limits[this.#memory.isExhausted ? 'unsettledCountShort' : 'unsettledCountMax'];
    const isRaised = max > this.unsettledCountMax;
    this.unsettledCountMax = max;
    if (isRaised) this.background.run(this.#wakeConsumers());
    this.doDue();
  }

  /** Wakes consumers after the limit of unsettled deliveries was raised. */
  *#wakeConsumers(): Generator<void> {
    for (const vhost of this.vhosts.values()) {
      for (const queue of vhost.queues.values()) {
        if (queue.consumerCount === 0) continue;
        yield* queue.rejoinAll();
      }
    }
  }

  /** Performs due work. Call it at the time given to `wakeAt`. */
  doDue(): void {
    this.turns.doDue();
  }

  /** The format with a number, ignoring flags; undefined if it is unknown. */
  formatOf(number: number): MessageFormat | undefined {
    return this.routing.formatOf(number);
  }

  load(queue: Queue, sequence: number): void {
    if (queue.isLoading) return;
    // A block that cannot be read means that the log has failed, which ends the broker.
    const failed = () => this.flow.block('storage failed');
    loads(queue, this.store.load(queue.index, sequence), this, failed);
  }

  deleteQueue(queue: Queue): void {
    this.vhost(queue.vhost).removeQueue(queue);
  }

  queueEnded(queue: Queue): void {
    this.turns.forget(queue);
    this.counters.delivered += queue.deliveredCount;
    this.counters.settled += queue.settledCount;
  }

  newQueueIndex(number: number | undefined, isDurable: boolean, isStream = false): QueueIndex {
    this.#queueNumber = Math.max(this.#queueNumber, number ?? this.#queueNumber + 1);
    const own = number ?? this.#queueNumber;
    const queueIndex = isStream ? new StreamIndex(own) : new QueueIndex(own, isDurable);
    if (isDurable) this.store.indexes.set(queueIndex.number, queueIndex);
    return queueIndex;
  }

  randomName(): string {
    return this.#random.bytes(16).toString('base64url');
  }

  random(): number {
    return this.#random.bytes(4).readUInt32BE(0) / 2 ** 32;
  }

  define(change: Change): void {
    if (!this.isRecovering) this.store.define(change);
  }

  /** Applies a definition from the log. */
  apply(change: Change): void {
    switch (change.kind) {
      case 'founded':
        this.#isInitialized = true;
        return;
      case 'started':
        return;
      case 'counter':
        this.#queueNumber = Math.max(this.#queueNumber, change.queueNumber);
        return;
      case 'vhost':
        this.#putVhost(change.vhost, change.metadata);
        return;
      case 'vhost-deleted':
        this.#removeVhost(change.vhost);
        return;
      case 'producer-sequence':
        this.producers.apply(change);
        return;
      default:
        if (isUserChange(change)) this.users.apply(change);
        else if (isParameterChange(change)) this.parameters.apply(change);
        else if (isHeldChange(change)) applyHeld(change, this);
        else if (isSessionChange(change)) this.sessions.apply(change);
        else applyToVhost(this.vhosts.get(change.vhost), change);
    }
  }

  #putVhost(name: string, metadata: VhostMetadata | undefined): void {
    const vhost = this.vhosts.get(name) ?? new Vhost(this, name);
    if (metadata !== undefined) vhost.metadata = storedMetadata(metadata);
    this.vhosts.set(name, vhost);
  }

  #removeVhost(name: string): void {
    this.users.forgetVhost(name);
    this.parameters.forget(name);
    const vhost = this.vhosts.get(name);
    if (vhost === undefined) return;
    vhost.end();
    this.vhosts.delete(name);
    this.schedules.forget(name);
    this.prepared.forget(name);
    this.retained.forget(name);
    this.sessions.forget(name);
    this.routing.forget(vhost);
  }

  /** Yields the changes that recreate all durable definitions. */
  *snapshot(): Iterable<Change> {
    yield { kind: 'counter', queueNumber: this.#queueNumber };
    if (this.#isInitialized) yield { kind: 'founded' };
    for (const vhost of this.vhosts.values()) yield* vhost.snapshot();
    yield* this.schedules.snapshot();
    yield* this.prepared.snapshot();
    yield* this.producers.snapshot();
    yield* this.retained.snapshot();
    yield* this.sessions.snapshot();
    yield* this.users.snapshot();
    yield* this.parameters.snapshot();
  }

  /** Closes the broker and syncs all data. All connections must have ended. */
  async close(): Promise<void> {
    this.conversions.end();
    this.background.finishJobs();
    this.pump();
    // Rejected messages must still become dead letters. Expired ones will do so after the next
    // start.
    for (let turn = 0; turn < closingTurnsMax; turn++) {
      const isBusy = this.background.isPending || this.longPublishes.isBusy;
      if (!isBusy && !this.store.isLoading) break;
      await this.store.loaded();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.background.finishJobs();
    this.background.end();
    await this.store.close();
  }
}
