import type { MessageView } from '../../storage/message-record.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Subscription } from '../subscription.ts';
import type { Consumers } from './consumers.ts';
import type { DispatchOrder } from './dispatch-order.ts';

/** Ready messages that nobody wants now, past which a scan looks; a message behind them waits. */
export const passedCountMax = 200;
/** Messages that some subscription is not to get again; of more, one is rejected. */
const excludedCountMax = 1024;
/** Groups whose consumer is known; of more, the oldest is given to whoever is next. */
const groupCountMax = 1024;

/** What a scan asks of its queue. */
export interface ScannedQueue {
  readonly index: QueueIndex;
  readonly order: DispatchOrder;
  readonly consumers: Consumers;
  hasExpired(sequence: number): boolean;
  /** Opens the view on a message; false where its block must be loaded first, which has begun then. */
  open(sequence: number): boolean;
  /** Sends the message, on which the view is open, and which is not ready any more. */
  send(subscription: Subscription, sequence: number): void;
}

/** The group of a message; undefined for none. */
export type GroupOf = (message: MessageView) => string | undefined;

/**
 * Dispatches messages that not every consumer may have: for selectors, message groups, and consumers
 * to which a message cannot be delivered. It looks past the head of the queue, but not past more than
 * {@link passedCountMax} messages, and goes on where it ended as long as no consumer has changed.
 */
export class SelectiveDispatch {
  readonly #queue: ScannedQueue;
  readonly #view: MessageView;
  readonly #groupOf: GroupOf | undefined;
  /** Subscriptions that are not to get a message. */
  readonly #excluded = new Map<number, Set<Subscription>>();
  /** Which consumer gets the messages of a group. */
  readonly #groups = new Map<string, Subscription>();
  #passedCount = 0;
  /** The last message that was passed; -1 before the first. */
  #lastPassed = -1;

  constructor(queue: ScannedQueue, view: MessageView, groupOf: GroupOf | undefined) {
    this.#queue = queue;
    this.#view = view;
    this.#groupOf = groupOf;
  }

  /** Whether it must be asked; else any consumer may have any message. */
  get isNeeded(): boolean {
    if (this.#groupOf !== undefined || this.#queue.consumers.selectorCount > 0) return true;
    this.#sweep();
    return this.#excluded.size > 0;
  }

  /** A consumer or a message that was passed has changed: the next scan begins at the head. */
  restart(): void {
    this.#passedCount = 0;
    this.#lastPassed = -1;
  }

  /** A message is not to go to a subscription; false where there are too many of the kind. */
  exclude(sequence: number, subscription: Subscription): boolean {
    let those = this.#excluded.get(sequence);
    if (those === undefined) {
      if (this.#excluded.size >= excludedCountMax) this.#sweep();
      if (this.#excluded.size >= excludedCountMax) return false;
      those = new Set();
      this.#excluded.set(sequence, those);
    }
    those.add(subscription);
    this.restart();
    return true;
  }

  /** Forgets messages that are gone, and subscriptions that have ended. */
  #sweep(): void {
    for (const [sequence, those] of this.#excluded) {
      for (const subscription of those) if (!subscription.isActive) those.delete(subscription);
      if (those.size === 0 || !this.#queue.index.isLive(sequence)) this.#excluded.delete(sequence);
    }
  }

  /**
   * Looks at some messages and sends those that somebody wants.
   *
   * @param countMax messages looked at
   * @returns whether there may be more to send at once
   */
  dispatch(countMax: number): boolean {
    const { order, consumers } = this.#queue;
    let sequence = this.#begin();
    for (let left = countMax; left > 0; left--) {
      if (sequence < 0 || this.#passedCount >= passedCountMax || !consumers.hasTaker())
        return false;
      const isDead = this.#queue.hasExpired(sequence);
      if (!isDead && !this.#queue.open(sequence)) return false;
      const next = order.after(sequence);
      const taker = isDead ? undefined : this.#taker(sequence);
      if (taker === undefined) {
        this.#passedCount++;
        this.#lastPassed = sequence;
      } else {
        order.remove(sequence);
        this.#queue.send(taker, sequence);
      }
      sequence = next;
    }
    return true;
  }

  /** The message where the last scan ended, or the head. */
  #begin(): number {
    const { order, index: queueIndex } = this.#queue;
    // What has come since may be before what was passed; what was passed may be gone.
    const isKnown = this.#lastPassed >= 0 && queueIndex.isLive(this.#lastPassed);
    if (order.hasPriorities || !isKnown) this.restart();
    return this.#lastPassed < 0 ? order.peek() : order.after(this.#lastPassed);
  }

  /** Who gets the message on which the view is open. */
  #taker(sequence: number): Subscription | undefined {
    const view = this.#view;
    const excluded = this.#excluded.get(sequence);
    const group = this.#groupOf?.(view);
    let owner = group === undefined ? undefined : this.#groups.get(group);
    if (owner?.isActive === false) owner = undefined;
    const taker = this.#queue.consumers.nextFor(
      (subscription) =>
        (owner === undefined || owner === subscription) &&
        excluded?.has(subscription) !== true &&
        subscription.options.selector?.(view) !== false,
    );
    if (group !== undefined && taker !== undefined && owner === undefined) this.#own(group, taker);
    return taker;
  }

  #own(group: string, subscription: Subscription): void {
    this.#groups.delete(group);
    if (this.#groups.size >= groupCountMax) {
      const [oldest = ''] = this.#groups.keys();
      this.#groups.delete(oldest);
    }
    this.#groups.set(group, subscription);
  }
}
