// Consumers of one or more queues.

import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import { CreditPool, type PoolHost } from '../flow/credit-pool.ts';
import type { Queue } from '../queue.ts';
import type { Consumer, Delivery, SubscribeOptions, Subscription } from '../subscription.ts';
import type { SubscriptionKey } from '../topics/topic-subscriptions.ts';
import type { Turns } from '../turns/turns.ts';
import { WakeRound, wokenAtOnceMax } from '../turns/wake-round.ts';
import { isQueue, isWildcard } from './destination.ts';
import type { DispatchStarts } from './policies/dispatch-starts.ts';
import type { SelectorBudget, Wants } from './selector-budget.ts';
import type { Selector } from './selectors/selector.ts';
import type { SelectorAwareQueues } from './virtual/selector-aware-queues.ts';

/** The receiver of a consumption's messages in a protocol. */
export interface MessageTaker {
  /** Whether the transport accepts more data. */
  readonly isWritable: boolean;
  /** Copies what it needs. It must not call the broker and must not throw. */
  deliver(delivery: Delivery, source: Source): void;
  /** Prepares the delivery of a large message; see `Consumer.prepare`. */
  prepare?(delivery: Delivery, source: Source): Promise<void> | undefined;
  /** All destinations have been deleted, or the limit of destinations is reached. */
  ended(reason: string): void;
}

/** A subscription that consumers share: it outlives them, or ends with the last one. */
export type Sharing = 'durable' | 'transient';

/** A request to consume. */
export interface ConsumeRequest {
  /** At least one. Wildcards include destinations that are created later. */
  readonly destinations: readonly Address[];
  readonly selector: Selector | undefined;
  /** Deliveries are settled as accepted when they are sent. */
  readonly isSettled: boolean;
  /**
   * Maximum number of unsettled deliveries of all destinations together. With 0, messages are only
   * delivered by {@link Consumption.pull}.
   */
  readonly prefetch: number;
  readonly isExclusive: boolean;
  /** Consumers with a higher priority are served first. */
  readonly priority: number;
  /** Excludes messages of the same client; topics only. */
  readonly isNoLocal: boolean;
  /** If defined, the subscription is durable, or shared. */
  readonly key: SubscriptionKey | undefined;
  /** Whether other consumers may share the subscription; requires a key. */
  readonly sharing?: Sharing | undefined;
  /** The connection. */
  readonly owner: object;
  readonly budget: SourceBudget;
  /** Whether the consumer first gets earlier messages that its topics have kept. */
  readonly isRetroactive?: boolean | undefined;
  /**
   * Maximum number of messages of topics that wait for the consumer besides its prefetch. Older ones
   * are dropped. Undefined or 0 for the limit of the destination's policy.
   */
  readonly pendingCountMax?: number | undefined;
}

/** Whether the subscription of a request outlives its consumers. */
export function isDurable({ key, sharing }: ConsumeRequest): boolean {
  return key !== undefined && sharing !== 'transient';
}

/**
 * Requires room for the queues of a request, and a durable subscription to be permitted and to consume
 * only from topics.
 *
 * @throws {BrokerError} `precondition-failed`, `resource-error`
 */
export function requireConsumable(
  request: ConsumeRequest,
  { rejectsDurableConsumers }: { readonly rejectsDurableConsumers: boolean },
): void {
  const { key, destinations, budget } = request;
  // Before the queue of a subscription is created, which nobody would delete without a consumer.
  if (budget.left < queueCountOf(destinations)) throw tooManyQueues();
  if (key === undefined) return;
  if (isDurable(request) && rejectsDurableConsumers) {
    throw new BrokerError('precondition-failed', 'Durable Consumers are not allowed');
  }
  if (!destinations.some(isQueue)) return;
  const why = 'cannot durably subscribe to a Queue destination!';
  throw new BrokerError('precondition-failed', `Invalid Subscription: ${why}`);
}

/** The number of queues that all consumptions of a connection can still be added to. */
export interface SourceBudget {
  left: number;
}

/** The number of queues that destinations have at once: topics of a kind have one together. */
function queueCountOf(destinations: readonly Address[]): number {
  const queues = new Set<string>();
  for (const address of destinations) {
    if (!isQueue(address)) queues.add(address.kind);
    else if (!isWildcard(address)) queues.add(`${address.kind} ${address.name}`);
  }
  return queues.size;
}

function tooManyQueues(): BrokerError {
  return new BrokerError('resource-error', 'one connection consumes from too many queues');
}

/** One queue of a consumption. */
export class Source implements Consumer {
  readonly queue: Queue;
  /** Whether the messages arrive through topics. */
  readonly isTopic: boolean;
  readonly consumption: Consumption;
  /** Whether the queue waits for more consumers; see `DispatchStarts`. */
  isWaiting = false;
  #subscription: Subscription | undefined = undefined;

  constructor(consumption: Consumption, queue: Queue, isTopic: boolean) {
    this.consumption = consumption;
    this.queue = queue;
    this.isTopic = isTopic;
  }

  /** The subscription in the core; set before the first delivery. */
  get subscription(): Subscription {
    return this.#subscription as Subscription; // set by subscribe() before
  }

  subscribe(options: SubscribeOptions): void {
    this.#subscription = this.queue.subscribe(this, options);
  }

  get isWritable(): boolean {
    return this.consumption.taker.isWritable && !this.isWaiting;
  }

  deliver(delivery: Delivery): void {
    this.consumption.delivers();
    this.consumption.taker.deliver(delivery, this);
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    return this.consumption.taker.prepare?.(delivery, this);
  }

  cancelled(reason: string): void {
    this.consumption.lost(this, reason);
  }
}

/** What the policy of a queue decides about a consumer. */
export interface ConsumerRules {
  /** Whether it is exclusive without a request. */
  readonly isExclusive: boolean;
  /** Returns its priority in the core, from the requested one. */
  priority(requested: number, isExclusive: boolean): number;
}

/** The operations of the broker that are needed here. */
export interface ConsumptionHost extends PoolHost {
  readonly turns: Pick<Turns, 'markDirty' | 'background'>;
  readonly selectorBudget: SelectorBudget;
  nowMs(): number;
  /** Returns what a selector does. */
  wantsOf(selector: Selector): Wants;
  /** Returns what the policy of a queue decides about its consumers. */
  rulesOf(queue: Queue): ConsumerRules;
  readonly starts: DispatchStarts;
  readonly aware: SelectorAwareQueues;
}

/** An ActiveMQ consumer: subscriptions to one or more queues with a shared prefetch window. */
export class Consumption {
  readonly request: ConsumeRequest;
  readonly taker: MessageTaker;
  readonly #host: ConsumptionHost;
  readonly #sources = new Map<Queue, Source>();
  /** Undefined for a single queue, which uses the window of its subscription. */
  readonly #pool: CreditPool | undefined;
  isEnded = false;
  #prefetch: number;
  /** Deliveries that are permitted in addition to the prefetch. */
  #extension = 0;
  /** The end of the pull of several queues, which have no pull of their own. */
  #pullEnded: (() => void) | undefined = undefined;
  #pullDueMs = Infinity;
  /** Wakes the sources if there are many. */
  #round: WakeRound | undefined = undefined;

  constructor(host: ConsumptionHost, request: ConsumeRequest, taker: MessageTaker, isOne: boolean) {
    this.#host = host;
    this.request = request;
    this.taker = taker;
    this.#pool = isOne ? undefined : new CreditPool(host);
    this.#prefetch = request.prefetch;
    this.#pool?.setLimit(request.prefetch);
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  /** In the order in which they were added. */
  get sources(): Iterable<Source> {
    return this.#sources.values();
  }

  /**
   * Starts to consume from a queue. Has no effect if it is already consumed from.
   *
   * @throws {BrokerError} `resource-locked`, `access-refused`, or `resource-error` if the budget is
   *   exhausted
   */
  join(queue: Queue, isTopic: boolean): void {
    if (this.isEnded || this.#sources.has(queue)) return;
    const { request } = this;
    if (request.budget.left <= 0) throw tooManyQueues();
    const { selectorBudget } = this.#host;
    // For topics, the selector is applied when the message is routed.
    const selector = isTopic ? undefined : request.selector;
    const wants =
      selector && selectorBudget.take(queue, selector, () => this.#host.wantsOf(selector));
    const source = new Source(this, queue, isTopic);
    const rules = this.#host.rulesOf(queue);
    const isExclusive = request.isExclusive || rules.isExclusive;
    this.#sources.set(queue, source);
    if (!isTopic) this.#host.starts.joining(source);
    try {
      source.subscribe({
        settled: request.isSettled,
        exclusive: false,
        priority: rules.priority(request.priority, isExclusive),
        prefetch: this.#prefetchOfSource(),
        pool: this.#pool,
        owner: request.owner,
        selector: wants,
        isPreferred: isExclusive,
      });
      request.budget.left--;
      if (!isTopic) this.#host.starts.joined(source);
      if (!isTopic) this.#host.aware.joined(source);
    } catch (error) {
      this.#sources.delete(queue);
      this.#host.starts.left(source);
      if (selector !== undefined) selectorBudget.release(queue, selector);
      throw error;
    }
  }

  /** Without a prefetch, credit is granted by pulls, and settlements return none. */
  #prefetchOfSource(): number | undefined {
    if (this.#pool !== undefined) return Infinity;
    return this.#prefetch === 0 ? undefined : this.#prefetch;
  }

  /** Whether messages are only delivered by pulls. */
  get isPulled(): boolean {
    return this.#prefetch === 0;
  }

  /** Changes the maximum number of unsettled deliveries. */
  setPrefetch(prefetch: number): void {
    const before = this.#prefetch;
    if (prefetch === before) return;
    this.#prefetch = prefetch;
    if (this.#pool !== undefined) {
      this.#pool.setLimit(prefetch + this.#extension);
      return;
    }
    for (const { subscription } of this.#sources.values()) {
      // Deliveries of pulls were not counted.
      if (before === 0) subscription.grant(-subscription.unsettledCount);
      subscription.setPrefetch(prefetch);
    }
  }

  /**
   * Permits deliveries in addition to the prefetch.
   *
   * @param count a negative value takes permission back
   */
  extend(count: number): void {
    if (count === 0 || this.isPulled) return;
    this.#extension += count;
    if (this.#pool !== undefined) this.#pool.setLimit(this.#prefetch + this.#extension);
    else for (const { subscription } of this.#sources.values()) subscription.grant(count);
  }

  /**
   * Requests one message, if the prefetch is 0. Replaces a pending pull.
   *
   * @param timeoutMs milliseconds to wait; 0 takes only a ready message, Infinity waits forever
   * @param ended called if no message came in time
   */
  pull(timeoutMs: number, ended: () => void): void {
    if (!this.isPulled || this.isEnded) return;
    if (this.#pool === undefined) {
      for (const { subscription } of this.#sources.values()) subscription.pull(timeoutMs, ended);
      return;
    }
    this.#pullEnded = ended;
    this.#pullDueMs = this.#host.nowMs() + timeoutMs;
    this.#pool.setLimit(this.#pool.used + 1);
    this.wake();
  }

  /** Ends a pull of several queues that is due. Call it several times a second. */
  tick(nowMs: number): void {
    if (this.#pullEnded === undefined || nowMs < this.#pullDueMs) return;
    const ended = this.#pullEnded;
    this.#endPull();
    ended();
  }

  #endPull(): void {
    this.#pullEnded = undefined;
    this.#pullDueMs = Infinity;
    this.#pool?.setLimit(0);
  }

  /** A message is delivered: it ends a pull of several queues. */
  delivers(): void {
    if (this.#pullEnded !== undefined) this.#endPull();
  }

  /** A queue has been deleted. */
  lost(source: Source, reason: string): void {
    this.#leave(source);
    if (this.#sources.size === 0 && !this.isEnded) this.taker.ended(reason);
  }

  #leave(source: Source): void {
    if (!this.#sources.delete(source.queue)) return;
    this.#host.starts.left(source);
    this.#host.aware.left(source);
    this.request.budget.left++;
    const selector = source.isTopic ? undefined : this.request.selector;
    if (selector !== undefined) this.#host.selectorBudget.release(source.queue, selector);
  }

  /** The receiver accepts more messages. Many sources are woken in steps. */
  wake(): void {
    const { size } = this.#sources;
    if (size <= wokenAtOnceMax) {
      for (const source of this.#sources.values()) source.subscription.wake();
      return;
    }
    this.#round ??= new WakeRound(this.#host.turns.background, () => this.#subscriptions());
    this.#round.start(size);
  }

  *#subscriptions(): Generator<Subscription> {
    for (const { subscription } of this.#sources.values()) yield subscription;
  }

  /** Stops deliveries. Unsettled messages stay unsettled until {@link requeueAll}. */
  end(): void {
    this.isEnded = true;
  }

  /**
   * Requeues unsettled messages with an increased delivery count and unsubscribes from the queues,
   * in steps.
   */
  *requeueAll(): Generator<void> {
    this.isEnded = true;
    for (const source of [...this.#sources.values()]) {
      const { subscription } = source;
      yield* subscription.settleInSteps(0, Number.MAX_SAFE_INTEGER, 'modified');
      // Deliveries that a prepared transaction settles are requeued by its rollback.
      subscription.close('modified');
      this.#leave(source);
      yield;
    }
  }
}
