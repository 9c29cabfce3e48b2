// Dispatch with selectors, message groups, and messages that some consumers may not receive.

import type { MessageView } from '../../storage/message-record.ts';
import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Subscription } from '../subscription.ts';
import type { Consumers } from './consumers.ts';
import type { DispatchOrder } from './dispatch-order.ts';

/** Maximum number of unwanted messages that a scan passes. Messages behind them wait. */
export const passedCountMax = 200;
/**
 * Maximum number of messages that are excluded for some subscription. A further one is rejected.
 */
const excludedCountMax = 1024;
/**
 * Maximum number of groups with an assigned consumer. Beyond that, the oldest assignment is
 * dropped.
 */
const groupCountMax = 1024;

/** The interface of a queue that is scanned. */
export interface ScannedQueue {
  readonly index: QueueIndex;
  readonly order: DispatchOrder;
  readonly consumers: Consumers;
  hasExpired(sequence: number): boolean;
  /** Opens the view on a message. Returns false, and starts loading, if its block is on disk. */
  open(sequence: number): boolean;
  /** Sends the message of the open view, which is no longer ready. */
  send(subscription: Subscription, sequence: number): void;
}

/** The objects of the broker that a scan needs. */
export interface ScanHost {
  /** The view on the current message. */
  readonly delivery: MessageView;
  /** The remaining units of this turn of the event loop, which selectors also use. */
  readonly turns: { readonly unitsLeft: number };
}

/** Returns the group of a message; undefined if it has none. */
export type GroupOf = (message: MessageView) => string | undefined;

/**
 * Dispatches messages that not every consumer may receive, because of selectors, message groups, or
 * messages that were undeliverable to a consumer. It scans past the head of the queue, but passes
 * at most {@link passedCountMax} messages, and continues where it stopped while no consumer
 * changes.
 */
export class SelectiveDispatch {
  readonly #queue: ScannedQueue;
  readonly #host: ScanHost;
  readonly #groupOf: GroupOf | undefined;
  /** The subscriptions that must not receive a message. */
  readonly #excluded = new Map<number, Set<Subscription>>();
  /** The consumer of each group. */
  readonly #groups = new Map<string, Subscription>();
  #passedCount = 0;
  /** The last message that was passed; -1 before the first. */
  #lastPassed = -1;

  constructor(queue: ScannedQueue, host: ScanHost, groupOf: GroupOf | undefined) {
    this.#queue = queue;
    this.#host = host;
    this.#groupOf = groupOf;
  }

  /** Whether it is needed. Otherwise any consumer may receive any message. */
  get isNeeded(): boolean {
    if (this.#groupOf !== undefined || this.#queue.consumers.selectorCount > 0) return true;
    this.#sweep();
    return this.#excluded.size > 0;
  }

  /** A consumer or a passed message has changed: the next scan starts at the head. */
  restart(): void {
    this.#passedCount = 0;
    this.#lastPassed = -1;
  }

  /**
   * Excludes a subscription from receiving a message. Returns false if there are too many
   * exclusions.
   */
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

  /** Drops exclusions of messages and subscriptions that no longer exist. */
  #sweep(): void {
    for (const [sequence, those] of this.#excluded) {
      for (const subscription of those) if (!subscription.isActive) those.delete(subscription);
      if (those.size === 0 || !this.#queue.index.isLive(sequence)) this.#excluded.delete(sequence);
    }
  }

  /**
   * Scans some messages and sends those that a consumer accepts.
   *
   * @param countMax maximum number of messages to scan
   * @returns whether more may be sent at once
   */
  dispatch(countMax: number): boolean {
    const { order, consumers } = this.#queue;
    let sequence = this.#begin();
    for (let left = countMax; left > 0; left--) {
      if (sequence < 0 || this.#passedCount >= passedCountMax || !consumers.hasTaker())
        return false;
      if (this.#host.turns.unitsLeft <= 0) return true;
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

  /** The message where the last scan stopped, or the head. */
  #begin(): number {
    const { order, index: queueIndex } = this.#queue;
    // New messages may come before the passed ones, and passed messages may be settled.
    const isKnown = this.#lastPassed >= 0 && queueIndex.isLive(this.#lastPassed);
    if (order.hasPriorities || !isKnown) this.restart();
    return this.#lastPassed < 0 ? order.peek() : order.after(this.#lastPassed);
  }

  /** The consumer for the message of the open view. */
  #taker(sequence: number): Subscription | undefined {
    const view = this.#host.delivery;
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
