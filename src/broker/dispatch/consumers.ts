import type { Subscription } from '../subscription.ts';

/** A consumer's place among the others of its priority; the fields belong to {@link Consumers}. */
class Turn {
  readonly subscription: Subscription;
  before: Turn | undefined = undefined;
  after: Turn | undefined = undefined;
  /** Whether it stands in the line of those that may get the next message. */
  isInLine = false;

  constructor(subscription: Subscription) {
    this.subscription = subscription;
  }
}

/** Consumers of one priority that may get a message: the one whose turn it is stands first. */
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

/** How a queue chooses among its consumers. */
interface ConsumerRules {
  /** Only one consumer is active; the others wait to take its place. */
  readonly isSingleActive: boolean;
  /** A consumer of a higher priority takes the single active one's place once that has settled all. */
  readonly isSuccessionByPriority: boolean;
}

/**
 * A queue's consumers, and whose turn it is. Of the highest priority that has one which can take a
 * message, consumers take turns. One that cannot leaves the line until something of it changes
 * ({@link rejoin}), so that a message costs the same however many consumers wait for credit.
 */
export class Consumers {
  readonly #rules: ConsumerRules;
  readonly #turns = new Map<Subscription, Turn>();
  /** Highest priority first. */
  readonly #lines: Line[] = [];
  /** Consumers that want some messages only. */
  selectorCount = 0;
  #preferredCount = 0;
  /** Who alone gets messages: the only consumer, the single active one, or a preferred one. */
  #only: Subscription | undefined = undefined;
  /** Takes the single active consumer's place once that has settled everything. */
  #successor: Subscription | undefined = undefined;

  constructor(rules: ConsumerRules) {
    this.#rules = rules;
  }

  get count(): number {
    return this.#turns.size;
  }

  /** All of them, in the order in which they came. */
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

  /** Returns whether it was there. */
  remove(subscription: Subscription): boolean {
    const turn = this.#turns.get(subscription);
    if (turn === undefined) return false;
    this.#turns.delete(subscription);
    this.#counts(subscription, -1);
    if (turn.isInLine) this.#line(subscription.options.priority).remove(turn);
    this.#chooseOnly();
    return true;
  }

  /** Takes all of them out. */
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
      const line = this.#lines[at] as Line; // at is inside
      if (line.priority === priority) return line;
      if (line.priority < priority) break;
    }
    const line = new Line(priority);
    this.#lines.splice(at, 0, line);
    return line;
  }

  /** A consumer that could take nothing may be able to again. */
  rejoin(subscription: Subscription): void {
    const turn = this.#turns.get(subscription);
    if (turn?.isInLine === false) this.#line(subscription.options.priority).push(turn);
  }

  /** The consumer that gets the next message; undefined where none can take one. */
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

  /** The same for a message that not everyone may have: the first in line that does. */
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

  /** Whether anyone can take a message now. */
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

  /** Of the highest priority the one that has waited longest. */
  #nextActive(isPreferred = false): Subscription | undefined {
    let best: Subscription | undefined;
    for (const waiting of this.#turns.keys()) {
      if (isPreferred && waiting.options.isPreferred !== true) continue;
      if (best === undefined || waiting.options.priority > best.options.priority) best = waiting;
    }
    return best;
  }
}
