// The state of a session.

import type { Broker } from '../../../broker/broker.ts';
import type { Queue } from '../../../broker/queue.ts';
import type {
  SessionSubscription,
  StoredSession,
} from '../../../broker/sessions/stored-session.ts';
import { type ParsedFilter, parseFilter } from '../address.ts';
import type { VhostDialect } from '../dialect.ts';
import { MqttError } from '../errors.ts';
import { deepLevelCountMax, sharedCountMax, subscriptionCountMax } from '../limits.ts';
import type { Outgoing } from './outgoing.ts';
import type { QueueOwner, SessionQueues } from './session-queues.ts';
import type { SessionSource } from './session-source.ts';
import { deepLevelCountOf, SubscriptionSet } from './subscription-set.ts';

/** A shared subscription of a session. */
interface Share {
  readonly parsed: ParsedFilter;
  subscription: SessionSubscription;
  readonly set: SubscriptionSet;
  readonly source: SessionSource | undefined;
}

/**
 * A session while its client is connected: subscriptions, queues, and packet ids. What outlives the
 * connection is also in the log, if the session does.
 */
export class Session implements QueueOwner {
  readonly clientId: string;
  /** Undefined if the session ends with its connection. */
  readonly stored: StoredSession | undefined;
  /** The subscriptions that the messages of each queue are compared with; one set for both, or two. */
  readonly #keptSet: SubscriptionSet;
  readonly #liveSet: SubscriptionSet;
  /** Packet ids received with quality of service 2 and not released. */
  readonly received: Set<number>;
  /** Packet ids sent with quality of service 2 and not completed. */
  readonly released: Set<number>;
  readonly #dialect: VhostDialect;
  readonly #shares = new Map<string, Share>();
  #kept: Queue | undefined;
  #live: Queue | undefined;
  #outgoing: Outgoing | undefined = undefined;

  constructor(dialect: VhostDialect, clientId: string, stored: StoredSession | undefined) {
    const { queues } = dialect;
    this.#dialect = dialect;
    this.#keptSet = new SubscriptionSet(queues.deliverAll ? 1 : -1);
    this.#liveSet = queues.deliverAll ? new SubscriptionSet(0) : this.#keptSet;
    this.clientId = clientId;
    this.stored = stored;
    this.received = stored?.received ?? new Set();
    this.released = stored?.released ?? new Set();
    this.#kept = stored === undefined ? undefined : queues.findKept(clientId);
    this.#live = stored === undefined ? undefined : queues.findLive(clientId);
  }

  get #queues(): SessionQueues {
    return this.#dialect.queues;
  }

  get #broker(): Broker {
    return this.#dialect.broker;
  }

  get #vhostName(): string {
    return this.#dialect.vhost.name;
  }

  /** Whether the session outlives its connection. */
  get isStored(): boolean {
    return this.stored !== undefined;
  }

  get expirySeconds(): number | null {
    return this.stored === undefined ? 0 : this.stored.expirySeconds;
  }

  get #sets(): readonly SubscriptionSet[] {
    return this.#keptSet === this.#liveSet ? [this.#keptSet] : [this.#keptSet, this.#liveSet];
  }

  get subscriptionCount(): number {
    return this.#sets.reduce((sum, { size }) => sum + size, this.#shares.size);
  }

  /** Whether any subscription excludes messages of the same client. */
  get hasNoLocal(): boolean {
    return this.#keptSet.noLocalCount + this.#liveSet.noLocalCount > 0;
  }

  #find(filter: string): SessionSubscription | undefined {
    return this.#keptSet.get(filter) ?? this.#liveSet.get(filter);
  }

  /**
   * Starts deliveries, in steps: restores the subscriptions of a stored session.
   *
   * @param mayRead whether the user may still subscribe to a filter
   */
  *open(outgoing: Outgoing, mayRead: (filter: string) => boolean): Generator<void> {
    this.#outgoing = outgoing;
    if (this.#kept !== undefined) outgoing.attach(this.#kept, 'kept', this.#keptSet);
    if (this.#live !== undefined) outgoing.attach(this.#live, 'live', this.#liveSet);
    for (const subscription of [...(this.stored?.subscriptions.values() ?? [])]) {
      const parsed = parseFilter(subscription.filter);
      if (mayRead(parsed.filter)) this.#connect(parsed, subscription);
      else if (this.#queues.deliverAll) this.#disconnect(parsed, subscription);
      yield;
    }
  }

  /** Makes messages for a subscription arrive. */
  #connect(parsed: ParsedFilter, subscription: SessionSubscription): void {
    if (parsed.shareName !== undefined) this.#connectShare(parsed, parsed.shareName, subscription);
    else {
      const isKept = subscription.qos > 0;
      this.#dialect.bind(isKept ? this.#keptQueue() : this.#liveQueue(), parsed.filter);
      this.#setOf(subscription).set(subscription);
    }
  }

  /** Makes messages for a subscription no longer arrive. */
  #disconnect({ filter }: ParsedFilter, subscription: SessionSubscription): void {
    const queue = this.queueFor(subscription);
    if (queue !== undefined) this.#dialect.unbind(queue, filter);
  }

  #setOf({ qos }: SessionSubscription): SubscriptionSet {
    return qos > 0 ? this.#keptSet : this.#liveSet;
  }

  #keptQueue(): Queue {
    if (this.#kept !== undefined) return this.#kept;
    const queue = this.#queues.createKept(this);
    this.#kept = queue;
    this.#outgoing?.attach(queue, 'kept', this.#keptSet);
    return queue;
  }

  #liveQueue(): Queue {
    if (this.#live !== undefined) return this.#live;
    const queue = this.#queues.createLive(this);
    this.#live = queue;
    this.#outgoing?.attach(queue, 'live', this.#liveSet);
    return queue;
  }

  #connectShare(parsed: ParsedFilter, shareName: string, subscription: SessionSubscription): void {
    const queue = this.#queues.openShared(shareName, parsed.filter, this);
    const set = new SubscriptionSet();
    set.set(subscription, parsed.filter);
    const source = this.#outgoing?.attach(queue, 'shared', set);
    this.#shares.set(parsed.text, { parsed, subscription, set, source });
  }

  /**
   * Adds or replaces a subscription.
   *
   * @returns whether it is new
   * @throws {BrokerError} or {MqttError} `refused`
   */
  subscribe(parsed: ParsedFilter, subscription: SessionSubscription): boolean {
    const isNew =
      parsed.shareName === undefined
        ? this.#subscribe(parsed, subscription)
        : this.#subscribeShared(parsed, parsed.shareName, subscription);
    if (this.stored !== undefined) {
      this.#broker.sessions.subscribe(this.#vhostName, this.stored, subscription);
    }
    return isNew;
  }

  #subscribe(parsed: ParsedFilter, subscription: SessionSubscription): boolean {
    const before = this.#find(parsed.text);
    if (before === undefined) this.#requireRoom(parsed);
    this.#connect(parsed, subscription);
    const isMoved = before !== undefined && before.qos > 0 !== subscription.qos > 0;
    const former = before !== undefined && before.qos > 0 ? this.#kept : this.#live;
    if (isMoved && former !== undefined) this.#dialect.unbind(former, parsed.filter);
    if (isMoved && this.#queues.deliverAll) this.#setOf(before).delete(parsed.text);
    return before === undefined;
  }

  #subscribeShared(
    parsed: ParsedFilter,
    shareName: string,
    subscription: SessionSubscription,
  ): boolean {
    const share = this.#shares.get(parsed.text);
    if (share !== undefined) {
      share.subscription = subscription;
      share.set.set(subscription, parsed.filter);
      return false;
    }
    this.#requireRoom(parsed);
    if (this.#shares.size >= sharedCountMax) {
      const why = `a session has at most ${sharedCountMax} shared subscriptions`;
      throw new MqttError('refused', 'quotaExceeded', why);
    }
    this.#connectShare(parsed, shareName, subscription);
    this.#queues.countShared(shareName, parsed.filter);
    return true;
  }

  #requireRoom({ filter }: ParsedFilter): void {
    const { limits } = this.#broker;
    const before = this.#sets.reduce((sum, set) => sum + set.deepLevelCount, 0);
    const levelCount = before + deepLevelCountOf(filter);
    if (levelCount > deepLevelCountMax) {
      const found = `filters of a session with many levels and many + would have ${levelCount} levels`;
      const why = `${found}; at most ${deepLevelCountMax} are allowed`;
      throw new MqttError('refused', 'quotaExceeded', why);
    }
    if (this.subscriptionCount >= subscriptionCountMax) {
      const why = `a session has at most ${subscriptionCountMax} subscriptions`;
      throw new MqttError('refused', 'quotaExceeded', why);
    }
    // Some subscriptions are permitted even if memory is short, because consumers drain queues.
    if (this.subscriptionCount >= limits.consumerCountShort) this.#broker.requireMemory('consumer');
  }

  /** Removes a subscription. Returns false if it does not exist. */
  unsubscribe(parsed: ParsedFilter): boolean {
    const { shareName, filter, text } = parsed;
    const before = this.#find(text);
    const share = this.#shares.get(text);
    if (before === undefined && share === undefined) return false;
    if (before !== undefined) {
      this.#setOf(before).delete(text);
      const queue = before.qos > 0 ? this.#kept : this.#live;
      if (queue !== undefined) this.#dialect.unbind(queue, filter);
    }
    if (share !== undefined) {
      this.#shares.delete(text);
      if (share.source !== undefined) this.#outgoing?.detach(share.source);
      this.#queues.closeShared(shareName ?? '', filter);
    }
    if (this.stored !== undefined) {
      this.#broker.sessions.unsubscribe(this.#vhostName, this.stored, text);
    }
    return true;
  }

  /** The queue of the messages for a subscription that is not shared. */
  queueFor({ qos }: SessionSubscription): Queue | undefined {
    return qos > 0 ? this.#kept : this.#live;
  }

  /** The queues of subscriptions that are not shared. */
  get consumed(): readonly { readonly queue: Queue; readonly isAcknowledged: boolean }[] {
    const kept = this.#kept && { queue: this.#kept, isAcknowledged: true };
    const live = this.#live && { queue: this.#live, isAcknowledged: false };
    return [kept ?? [], live ?? []].flat();
  }

  /** The queue of subscriptions with quality of service above 0; undefined if there is none. */
  get kept(): Queue | undefined {
    return this.#kept;
  }

  /** A packet id was received with quality of service 2. */
  addReceived(id: number): void {
    this.#changeIds('received', this.received, id, true);
  }

  /** The client released a packet id. Returns false if it is unknown. */
  removeReceived(id: number): boolean {
    if (!this.received.has(id)) return false;
    this.#changeIds('unreceived', this.received, id, false);
    return true;
  }

  /** The client received a message with quality of service 2. */
  addReleased(id: number): void {
    this.#changeIds('released', this.released, id, true);
  }

  /** The client completed a message. Returns false if its id is unknown. */
  removeReleased(id: number): boolean {
    if (!this.released.has(id)) return false;
    this.#changeIds('unreleased', this.released, id, false);
    return true;
  }

  #changeIds(
    what: 'received' | 'unreceived' | 'released' | 'unreleased',
    ids: Set<number>,
    id: number,
    isAdded: boolean,
  ): void {
    if (isAdded) ids.add(id);
    else ids.delete(id);
    if (this.stored === undefined) return;
    this.#broker.sessions.changeIds(this.#vhostName, this.stored, { [what]: [id] });
  }

  /** The connection has ended, and its messages are requeued: the session waits for the next one. */
  *leave(): Generator<void> {
    const shares = [...this.#shares.values()];
    this.#outgoing = undefined;
    this.#shares.clear();
    if (!this.isStored) {
      for (const { parsed } of shares) {
        this.#queues.closeShared(parsed.shareName ?? '', parsed.filter);
        yield;
      }
    }
    // The queues of this connection.
    yield* this.#dialect.vhost.release(this);
    this.#live = undefined;
  }
}
