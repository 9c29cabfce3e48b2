// The state of a session.

import type { Broker } from '../../../broker/broker.ts';
import type { Queue } from '../../../broker/queue.ts';
import type {
  SessionSubscription,
  StoredSession,
} from '../../../broker/sessions/stored-session.ts';
import { type ParsedFilter, parseFilter } from '../address.ts';
import type { MqttDialect } from '../dialect.ts';
import { MqttError } from '../errors.ts';
import { deepLevelCountMax, sharedCountMax, subscriptionCountMax } from '../limits.ts';
import type { Outgoing } from './outgoing.ts';
import type { SessionQueues } from './session-queues.ts';
import type { SessionSource } from './session-source.ts';
import { deepLevelCountOf, SubscriptionSet } from './subscription-set.ts';

/** The parts of the broker that a session needs. */
export interface SessionParts {
  readonly dialect: MqttDialect;
  readonly queues: SessionQueues;
}

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
export class Session {
  readonly clientId: string;
  /** Undefined if the session ends with its connection. */
  readonly stored: StoredSession | undefined;
  readonly set = new SubscriptionSet();
  /** Packet ids received with quality of service 2 and not released. */
  readonly received: Set<number>;
  /** Packet ids sent with quality of service 2 and not completed. */
  readonly released: Set<number>;
  readonly #parts: SessionParts;
  readonly #shares = new Map<string, Share>();
  #kept: Queue | undefined;
  #live: Queue | undefined = undefined;
  #outgoing: Outgoing | undefined = undefined;

  constructor(parts: SessionParts, clientId: string, stored: StoredSession | undefined) {
    this.#parts = parts;
    this.clientId = clientId;
    this.stored = stored;
    this.received = stored?.received ?? new Set();
    this.released = stored?.released ?? new Set();
    this.#kept = stored === undefined ? undefined : parts.queues.findKept(clientId);
  }

  get #broker(): Broker {
    return this.#parts.dialect.broker;
  }

  get #vhostName(): string {
    return this.#parts.dialect.vhost.name;
  }

  /** Whether the session outlives its connection. */
  get isStored(): boolean {
    return this.stored !== undefined;
  }

  get subscriptionCount(): number {
    return this.set.size + this.#shares.size;
  }

  /**
   * Starts deliveries, in steps: restores the subscriptions of a stored session.
   *
   * @param mayRead whether the user may still subscribe to a filter
   */
  *open(outgoing: Outgoing, mayRead: (filter: string) => boolean): Generator<void> {
    this.#outgoing = outgoing;
    if (this.#kept !== undefined) outgoing.attach(this.#kept, 'kept', this.set);
    for (const subscription of [...(this.stored?.subscriptions.values() ?? [])]) {
      const parsed = parseFilter(subscription.filter);
      if (mayRead(parsed.filter)) this.#connect(parsed, subscription);
      yield;
    }
  }

  /** Makes messages for a subscription arrive. */
  #connect(parsed: ParsedFilter, subscription: SessionSubscription): void {
    if (parsed.shareName !== undefined) this.#connectShare(parsed, parsed.shareName, subscription);
    else {
      const queue = subscription.qos > 0 ? this.#keptQueue() : this.#liveQueue();
      this.#parts.dialect.bind(queue, parsed.filter);
      this.set.set(subscription);
    }
  }

  #keptQueue(): Queue {
    if (this.#kept !== undefined) return this.#kept;
    const { queues } = this.#parts;
    const queue = this.isStored ? queues.createKept(this.clientId, this) : queues.createOwn(this);
    this.#kept = queue;
    this.#outgoing?.attach(queue, 'kept', this.set);
    return queue;
  }

  #liveQueue(): Queue {
    if (this.#live !== undefined) return this.#live;
    const queue = this.#parts.queues.createOwn(this);
    this.#live = queue;
    this.#outgoing?.attach(queue, 'live', this.set);
    return queue;
  }

  #connectShare(parsed: ParsedFilter, shareName: string, subscription: SessionSubscription): void {
    const { queues } = this.#parts;
    const queue = queues.openShared(shareName, parsed.filter, this);
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
    const { dialect } = this.#parts;
    const before = this.set.get(parsed.text);
    if (before === undefined) this.#requireRoom(parsed);
    this.#connect(parsed, subscription);
    const isMoved = before !== undefined && before.qos > 0 !== subscription.qos > 0;
    const former = before !== undefined && before.qos > 0 ? this.#kept : this.#live;
    if (isMoved && former !== undefined) dialect.unbind(former, parsed.filter);
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
    this.#parts.queues.countShared(shareName, parsed.filter);
    return true;
  }

  #requireRoom({ filter }: ParsedFilter): void {
    const { limits } = this.#broker;
    const levelCount = this.set.deepLevelCount + deepLevelCountOf(filter);
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
    const before = this.set.get(text);
    const share = this.#shares.get(text);
    if (before === undefined && share === undefined) return false;
    if (before !== undefined) {
      this.set.delete(text);
      const queue = before.qos > 0 ? this.#kept : this.#live;
      if (queue !== undefined) this.#parts.dialect.unbind(queue, filter);
    }
    if (share !== undefined) {
      this.#shares.delete(text);
      if (share.source !== undefined) this.#outgoing?.detach(share.source);
      this.#parts.queues.closeShared(shareName ?? '', filter);
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
        this.#parts.queues.closeShared(parsed.shareName ?? '', parsed.filter);
        yield;
      }
    }
    // The queues of this connection.
    yield* this.#parts.dialect.vhost.release(this);
    this.#live = undefined;
  }
}
