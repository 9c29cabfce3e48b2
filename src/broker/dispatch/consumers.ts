// The selection of the consumer for the next message.

import type { Subscription } from '../subscription.ts';

/** The position of a consumer among those of its priority. Only {@link Consumers} changes it. */
class Turn {
  readonly subscription: Subscription;
  before: Turn | undefined = undefined;
  after: Turn | undefined = undefined;
  /** Whether the consumer is in the line of those that may receive the next message. */
  isInLine = false;

  constructor(subscription: Subscription) {
    this.subscription = subscription;
  }
}

/** The consumers of one priority that may receive a message. The next one is first. */
class Line {
  readonly priority: number;
  first: Turn | undefined = undefined;
  #last: Turn | undefined = undefined;

  constructor(priority: number) {
    this.priority = priority;
  }

  push(turn: Turn): void {
    const last = this.#last;
    turn.isInLine = true;
    turn.before = last;
    if (last === undefined) this.first = turn;
    else last.after = turn;
    this.#last = turn;
  }

  remove(turn: Turn): void {
    const { before, after } = turn;
    turn.isInLine = false;
    turn.before = undefined;
    turn.after = undefined;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }

  moveToEnd(turn: Turn): void {
    if (turn === this.#last) return;
    this.remove(turn);
    this.push(turn);
  }
}

/** The rules for choosing consumers. */
interface ConsumerRules {
  /** Whether only one consumer is active and the others wait to replace it. */
  readonly isSingleActive: boolean;
  /**
   * Whether a consumer with higher priority replaces the active one after that has settled
   * everything.
   */
  readonly isSuccessionByPriority: boolean;
}

/**
 * Chooses the consumers of a queue. Consumers of the highest priority take turns. A consumer that
 * cannot take a message leaves the line until its state changes ({@link rejoin}), so that the cost
 * of a message does not depend on the number of consumers that wait for credit.
 */
export class Consumers {
  readonly #rules: ConsumerRules;
  readonly #turns = new Map<Subscription, Turn>();
  /** Highest priority first. */
  readonly #lines: Line[] = [];
  /** The number of consumers with selectors. */
  selectorCount = 0;
  #preferredCount = 0;
  /**
   * The consumer that exclusively receives messages: the only one, the single active one, or a
   * preferred one.
   */
  #only: Subscription | undefined = undefined;
  /** Replaces the single active consumer once that has settled everything. */
  #successor: Subscription | undefined = undefined;

  constructor(rules: ConsumerRules) {
    this.#rules = rules;
  }

  get count(): number {
    return this.#turns.size;
  }

  /** All consumers in the order of their arrival. */
  get all(): Iterable<Subscription> {
    return this.#turns.keys();
  }

  add(subscription: Subscription): void {
    const turn = new Turn(subscription);
    this.#turns.set(subscription, turn);
    this.#counts(subscription, 1);
    this.#line(subscription.options.priority).push(turn);
    this.#chooseOnly();
  }

  /** Returns whether the consumer was present. */
  remove(subscription: Subscription): boolean {
    const turn = this.#turns.get(subscription);
    if (turn === undefined) return false;
    this.#turns.delete(subscription);
    this.#counts(subscription, -1);
    if (turn.isInLine) this.#line(subscription.options.priority).remove(turn);
    this.#chooseOnly();
    return true;
  }

  /** Removes and returns all consumers. */
  removeAll(): readonly Subscription[] {
    const all = [...this.#turns.keys()];
    this.#turns.clear();
    this.#lines.length = 0;
    this.#only = undefined;
    this.#successor = undefined;
    this.selectorCount = 0;
    this.#preferredCount = 0;
    return all;
  }

  #counts({ options: { selector, isPreferred } }: Subscription, change: 1 | -1): void {
    if (selector !== undefined) this.selectorCount += change;
    if (isPreferred === true) this.#preferredCount += change;
  }

  #line(priority: number): Line {
    let at = 0;
    for (; at < this.#lines.length; at++) {
      const line = this.#lines[at] as Line; // at is in range
      if (line.priority === priority) return line;
      if (line.priority < priority) break;
    }
    const line = new Line(priority);
    this.#lines.splice(at, 0, line);
    return line;
  }

  /** A consumer that could not take a message may be able to again. */
  rejoin(subscription: Subscription): void {
    const turn = this.#turns.get(subscription);
    if (turn?.isInLine === false) this.#line(subscription.options.priority).push(turn);
  }

  /** The consumer for the next message; undefined if none can take one. */
  next(): Subscription | undefined {
    const only = this.#only;
    if (only === undefined) return this.#nextInLine();
    if (this.#successor !== undefined) return this.#succeed(only, this.#successor);
    return only.canTake() ? only : undefined;
  }

  #nextInLine(): Subscription | undefined {
    for (const line of this.#lines) {
      for (let turn = line.first; turn !== undefined; turn = line.first) {
        if (turn.subscription.canTake()) {
          line.moveToEnd(turn);
          return turn.subscription;
        }
        this.#leave(line, turn);
      }
    }
    return undefined;
  }

  /**
   * The consumer for a message that not every consumer may receive: the first suitable one in the
   * line.
   */
  nextFor(isFor: (subscription: Subscription) => boolean): Subscription | undefined {
    if (this.#only !== undefined) {
      const only = this.next();
      return only !== undefined && isFor(only) ? only : undefined;
    }
    for (const line of this.#lines) {
      for (let turn = line.first; turn !== undefined; ) {
        const { after, subscription } = turn;
        if (!subscription.canTake()) this.#leave(line, turn);
        else if (isFor(subscription)) {
          line.moveToEnd(turn);
          return subscription;
        }
        turn = after;
      }
    }
    return undefined;
  }

  /** Whether any consumer can take a message now. */
  hasTaker(): boolean {
    if (this.#only !== undefined) return this.next() !== undefined;
    for (const line of this.#lines) {
      for (let turn = line.first; turn !== undefined; turn = line.first) {
        if (turn.subscription.canTake()) return true;
        this.#leave(line, turn);
      }
    }
    return false;
  }

  #leave(line: Line, turn: Turn): void {
    line.remove(turn);
    turn.subscription.isWaiting = true;
  }

  #chooseOnly(): void {
    const isByPreference = this.#preferredCount > 0 && !this.#rules.isSingleActive;
    if (isByPreference) {
      const only = this.#only;
      const isKept = only?.isActive === true && only.options.isPreferred === true;
      if (!isKept) this.#only = this.#nextActive(true);
    } else if (!this.#rules.isSingleActive) {
      const [first] = this.#turns.size === 1 ? this.#turns.keys() : [];
      this.#only = first;
    } else if (this.#only?.isActive !== true) {
      this.#only = this.#nextActive();
      this.#successor = undefined;
    } else if (this.#rules.isSuccessionByPriority) {
      const best = this.#nextActive();
      const isHigher = best !== undefined && best.options.priority > this.#only.options.priority;
      this.#successor = isHigher ? best : undefined;
    }
  }

  #succeed(active: Subscription, successor: Subscription): Subscription | undefined {
    if (active.unsettledCount > 0) return undefined;
    this.#only = successor;
    this.#successor = undefined;
    return successor.canTake() ? successor : undefined;
  }

  /** The consumer with the highest priority that has waited longest. */
  #nextActive(isPreferred = false): Subscription | undefined {
    let best: Subscription | undefined;
    for (const waiting of this.#turns.keys()) {
      if (isPreferred && waiting.options.isPreferred !== true) continue;
      if (best === undefined || waiting.options.priority > best.options.priority) best = waiting;
    }
    return best;
  }
}
