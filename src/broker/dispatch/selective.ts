// Dispatch with selectors, message groups, and messages that some consumers may not receive.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Delivery, Subscription } from '../subscription.ts';
import type { Consumers } from './consumers.ts';
import type { DispatchOrder } from './dispatch-order.ts';
import { type GroupMember, GroupOwners, type GroupRules } from './groups.ts';

/** See {@link ScannedQueue.passedCountMax}; ActiveMQ's default `maxPageSize`. */
export const passedCountDefault = 200;
/**
 * Maximum number of messages that are excluded for some subscription. A further one is rejected.
 */
const excludedCountMax = 1024;

/** Number of consumers with a known answer that are asked in about a microsecond. */
const askedPerUnit = 16;

/** The interface of a queue that is scanned. */
export interface ScannedQueue {
  readonly index: QueueIndex;
  readonly order: DispatchOrder;
  readonly consumers: Consumers;
  /** Maximum number of messages that a scan skips because no consumer wants them. Later ones wait. */
  readonly passedCountMax: number;
  hasExpired(sequence: number): boolean;
  /** Opens the view on a message. Returns false, and starts loading, if its block is on disk. */
  open(sequence: number): boolean;
  /** Whether the message of the open view must be prepared for the consumer first; see `Consumer.prepare`. */
  mustWait(subscription: Subscription): boolean;
  /** Sends the message of the open view, which is no longer ready. */
  send(subscription: Subscription, sequence: number): void;
}

/** The objects of the broker that a scan needs. */
export interface ScanHost {
  /** The view on the current message. */
  readonly delivery: Delivery;
  /** The remaining units of this turn of the event loop, which selectors also use. */
  readonly turns: { unitsLeft: number };
}

/**
 * Dispatches messages that not every consumer may receive, because of selectors, message groups, or
 * messages that were undeliverable to a consumer. It scans past the head of the queue, but passes
 * at most {@link ScannedQueue.passedCountMax} messages, and continues where it stopped while no consumer
 * changes.
 */
export class SelectiveDispatch {
  readonly #queue: ScannedQueue;
  readonly #host: ScanHost;
  /** The subscriptions that must not receive a message. */
  readonly #excluded = new Map<number, Set<Subscription>>();
  #rules: GroupRules | undefined = undefined;
  #owners: GroupOwners | undefined = undefined;
  /** The results of selectors for the current message. Consumers can share a selector. */
  readonly #answers = new Map<NonNullable<Subscription['options']['selector']>, boolean>();
  #askedCount = 0;
  /** Messages from this number on have no groups. */
  #groupsBefore = 0;
  #passedCount = 0;
  /** The last message that was passed; -1 before the first. */
  #lastPassed = -1;

  constructor(queue: ScannedQueue, host: ScanHost) {
    this.#queue = queue;
    this.#host = host;
  }

  /**
   * Assigns the messages of each group to one consumer.
   *
   * @param before the first message that certainly has no group, and those after it; Infinity if
   *   any message may have one
   */
  groupBy(rules: GroupRules, before: number): void {
    this.#rules ??= rules;
    this.#owners ??= new GroupOwners(rules);
    this.#groupsBefore = Math.max(this.#groupsBefore, before);
    this.restart();
  }

  /** A message may be appended again, with its group. */
  regroup(): void {
    if (this.#groupsBefore > 0) this.#groupsBefore = Infinity;
  }

  /** Whether it is needed. Otherwise any consumer may receive any message. */
  get isNeeded(): boolean {
    if (this.#queue.consumers.selectorCount > 0 || this.#hasGroups) return true;
    this.#sweep();
    return this.#excluded.size > 0;
  }

  get #hasGroups(): boolean {
    if (this.#owners === undefined) return false;
    return this.#owners.count > 0 || this.#queue.index.liveFrom(0) < this.#groupsBefore;
  }

  /** A consumer or a passed message has changed: the next scan starts at the head. */
  restart(): void {
    this.#passedCount = 0;
    this.#lastPassed = -1;
  }

  /** A consumer has ended: its groups are free. */
  forget(subscription: Subscription): void {
    this.#owners?.forget(subscription);
  }

  /** The queue is deleted. */
  end(): void {
    this.#owners?.clear();
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
    const { order, consumers, passedCountMax } = this.#queue;
    let sequence = this.#begin();
    for (let left = countMax; left > 0; left--) {
      if (sequence < 0 || this.#passedCount >= passedCountMax || !consumers.hasTaker())
        return false;
      if (this.#host.turns.unitsLeft <= 0) return true;
      const taker = this.#find(sequence);
      if (taker === 'waits') return false;
      const next = order.after(sequence);
      if (taker === undefined) {
        this.#passedCount++;
        this.#lastPassed = sequence;
      } else {
        order.remove(sequence);
        this.#queue.send(taker, sequence);
        this.#host.delivery.isFirstOfGroup = false;
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

  /** The consumer for a message; `waits` if it cannot be delivered to it yet. */
  #find(sequence: number): Subscription | 'waits' | undefined {
    if (this.#queue.hasExpired(sequence)) return undefined;
    return this.#queue.open(sequence) ? this.#taker(sequence) : 'waits';
  }

  /** The consumer for the message of the open view. */
  #taker(sequence: number): Subscription | 'waits' | undefined {
    const view = this.#host.delivery;
    const excluded = this.#excluded.get(sequence);
    this.#answers.clear();
    const isFor = (subscription: Subscription): boolean =>
      excluded?.has(subscription) !== true && this.#isWanted(subscription, view);
    const member = sequence < this.#groupsBefore ? this.#rules?.of(view) : undefined;
    if (member !== undefined && this.#owners !== undefined) {
      return this.#takerOfGroup(member, this.#owners, isFor);
    }
    const taker = this.#queue.consumers.nextFor(isFor);
    return taker !== undefined && this.#queue.mustWait(taker) ? 'waits' : taker;
  }

  /** Whether the selector of a subscription accepts the message of the open view. */
  #isWanted({ options: { selector } }: Subscription, view: Delivery): boolean {
    if (selector === undefined) return true;
    const known = this.#answers.get(selector);
    if (known !== undefined) {
      if (++this.#askedCount % askedPerUnit === 0) this.#host.turns.unitsLeft--;
      return known;
    }
    const isWanted = selector(view);
    this.#answers.set(selector, isWanted);
    return isWanted;
  }

  /** The consumer for a message of a group, to which the group is assigned if it was free. */
  #takerOfGroup(
    { id, sequence }: GroupMember,
    owners: GroupOwners,
    isFor: (subscription: Subscription) => boolean,
  ): Subscription | 'waits' | undefined {
    const { consumers } = this.#queue;
    // The messages that follow may be in groups too, even if the queue was recovered.
    this.#groupsBefore = Infinity;
    const known = sequence === 1 ? undefined : owners.ownerOf(id);
    const owner = known !== undefined && consumers.mayServe(known) ? known : undefined;
    if (owner !== undefined && !(consumers.canTake(owner) && isFor(owner))) return undefined;
    const taker = owner ?? consumers.nextFor(isFor);
    if (taker === undefined) return undefined;
    if (this.#queue.mustWait(taker)) return 'waits';
    this.#host.delivery.isFirstOfGroup = owner === undefined;
    if (sequence < 0) owners.release(id);
    else if (owner === undefined) owners.assign(id, taker);
    return taker;
  }
}
