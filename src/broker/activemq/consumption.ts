import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import { CreditPool, type PoolHost } from '../flow/credit-pool.ts';
import type { Queue } from '../queue.ts';
import type { Consumer, Delivery, SubscribeOptions, Subscription } from '../subscription.ts';
import type { SubscriptionKey } from '../topics/topic-subscriptions.ts';
import type { Selector } from './selectors/selector.ts';

/** Who gets the messages of a consumption: a protocol's end of it. */
export interface MessageTaker {
  /** Whether the transport takes more. */
  readonly isWritable: boolean;
  /** Copies what it needs; must not call the broker, nor throw. */
  deliver(delivery: Delivery, source: Source): void;
  /** All of its destinations are gone, or it can have no more of them. */
  ended(reason: string): void;
}

/** What a client wants to consume. */
export interface ConsumeRequest {
  /** At least one; wildcards stand for all that match, now and later. */
  readonly destinations: readonly Address[];
  readonly selector: Selector | undefined;
  /** Deliveries count as accepted when sent. */
  readonly isSettled: boolean;
  /** Deliveries that may be unsettled at once, from all destinations together; at least 1. */
  readonly prefetch: number;
  readonly isExclusive: boolean;
  /** Higher ones are served first. */
  readonly priority: number;
  /** Messages of its own client are not wanted; topics only. */
  readonly isNoLocal: boolean;
  /** Makes it a durable subscription. */
  readonly key: SubscriptionKey | undefined;
  /** The connection. */
  readonly owner: object;
  readonly budget: SourceBudget;
}

/** Queues that the consumptions of one connection may still join, all together. */
export interface SourceBudget {
  left: number;
}

/** One queue of a consumption. */
export class Source implements Consumer {
  readonly queue: Queue;
  /** Whether its messages come by topics. */
  readonly isTopic: boolean;
  readonly consumption: Consumption;
  #subscription: Subscription | undefined = undefined;

  constructor(consumption: Consumption, queue: Queue, isTopic: boolean) {
    this.consumption = consumption;
    this.queue = queue;
    this.isTopic = isTopic;
  }

  /** The core's subscription; set before the first delivery. */
  get subscription(): Subscription {
    return this.#subscription as Subscription; // subscribe() comes first
  }

  subscribe(options: SubscribeOptions): void {
    this.#subscription = this.queue.subscribe(this, options);
  }

  get isWritable(): boolean {
    return this.consumption.taker.isWritable;
  }

  deliver(delivery: Delivery): void {
    this.consumption.taker.deliver(delivery, this);
  }

  cancelled(reason: string): void {
    this.consumption.lost(this, reason);
  }
}

/** What a consumption asks of its broker. */
export interface ConsumptionHost extends PoolHost {
  /** How a selector of this consumption is asked. */
  selectorOf(request: ConsumeRequest): SubscribeOptions['selector'];
}

/** One consumer of ActiveMQ: subscriptions to one queue or several, with one window over all. */
export class Consumption {
  readonly request: ConsumeRequest;
  readonly taker: MessageTaker;
  readonly #host: ConsumptionHost;
  readonly #sources = new Map<Queue, Source>();
  /** Undefined for a single queue, whose window is its subscription's. */
  readonly #pool: CreditPool | undefined;
  isEnded = false;

  constructor(host: ConsumptionHost, request: ConsumeRequest, taker: MessageTaker, isOne: boolean) {
    this.#host = host;
    this.request = request;
    this.taker = taker;
    this.#pool = isOne ? undefined : new CreditPool(host);
    this.#pool?.setLimit(request.prefetch);
  }

  get sourceCount(): number {
    return this.#sources.size;
  }

  /** In the order in which they joined. */
  get sources(): Iterable<Source> {
    return this.#sources.values();
  }

  /**
   * Begins to consume from a queue; once from each.
   *
   * @throws {BrokerError} `resource-locked`, `access-refused`, or `resource-error` where the budget is used up
   */
  join(queue: Queue, isTopic: boolean): void {
    if (this.isEnded || this.#sources.has(queue)) return;
    const { request } = this;
    if (request.budget.left <= 0) {
      throw new BrokerError('resource-error', 'one connection consumes from too many queues');
    }
    const source = new Source(this, queue, isTopic);
    this.#sources.set(queue, source);
    try {
      source.subscribe({
        settled: request.isSettled,
        exclusive: false,
        priority: request.priority,
        prefetch: this.#pool === undefined ? request.prefetch : Infinity,
        pool: this.#pool,
        owner: request.owner,
        // Of topics only what matches is routed to the queue.
        selector: isTopic ? undefined : this.#host.selectorOf(request),
        isPreferred: request.isExclusive,
      });
      request.budget.left--;
    } catch (error) {
      this.#sources.delete(queue);
      throw error;
    }
  }

  /** A queue is gone. */
  lost(source: Source, reason: string): void {
    this.#leave(source);
    if (this.#sources.size === 0 && !this.isEnded) this.taker.ended(reason);
  }

  #leave(source: Source): void {
    if (this.#sources.delete(source.queue)) this.request.budget.left++;
  }

  /** The taker takes more. */
  wake(): void {
    for (const source of this.#sources.values()) source.subscription.wake();
  }

  /** No more deliveries from now on; what is unsettled stays so until {@link requeueAll}. */
  end(): void {
    this.isEnded = true;
  }

  /** Returns what is unsettled, its deliveries counted as failed, and leaves the queues, some of it a step. */
  *requeueAll(): Generator<void> {
    this.isEnded = true;
    for (const source of [...this.#sources.values()]) {
      const { subscription } = source;
      yield* subscription.settleInSteps(0, Number.MAX_SAFE_INTEGER, 'modified');
      subscription.stop();
      this.#leave(source);
      yield;
    }
  }
}
