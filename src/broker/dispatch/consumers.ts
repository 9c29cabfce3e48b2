// The selection of the consumer for the next message.

import type { Subscription } from '../subscription.ts';
import type { Background } from '../turns/background.ts';
import { Succession } from './succession.ts';

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

/** Maximum number of consumers that are asked in succession whether they can take a message. */
export const askedCountMax = 512;

/** A preferred consumer with this priority or a higher one always replaces the preferred one. */
const takeoverPriority = 127;

/** Maximum number of consumers that are notified immediately when their queue is deleted. */
const toldAtOnceMax = 64;

/** Number of lines up to which empty lines are kept. More of them would slow down the search. */
const linesKept = 16;

/** The consumers of one priority that can receive a message; the next one is first. */
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
   * Whether the queue counts failed deliveries, as quorum queues do. There, a consumer with a
   * higher priority replaces the single active consumer after that has settled everything; in a
   * classic queue, the active consumer stays until it cancels.
   */
  readonly countsFailures: boolean;
}

/**
 * The consumers of a queue, and which one is next. Among the consumers with the highest priority
 * that can take a message, consumers take turns. A consumer that cannot leaves the line until its
 * state changes ({@link rejoin}), so that the cost of a message does not depend on the number of
 * consumers that wait for credit. If very many leave at one time, such as those of a connection
 * that ends, they are not all asked in one turn of the event loop.
 */
export class Consumers {
  readonly #rules: ConsumerRules;
  readonly #turns = new Map<Subscription, Turn>();
  /** Highest priority first; at most {@link linesKept} are empty. */
  readonly #lines: Line[] = [];
  /** All consumers of a queue with a single active consumer. */
  readonly #succession = new Succession();
  /** Number of consumers with a selector. */
  selectorCount = 0;
  #preferredCount = 0;
  /**
   * The consumer that exclusively receives messages: the only one, the single active one, or a
   * preferred one.
   */
  #only: Subscription | undefined = undefined;
  /** Replaces the single active consumer once that has settled everything. */
  #successor: Subscription | undefined = undefined;
  /** The last search for a consumer ended before all were asked. */
  #isAskedInPart = false;

  constructor(rules: ConsumerRules) {
    this.#rules = rules;
  }

  get count(): number {
    return this.#turns.size;
  }

  /** Lets all consumers take messages again, one per step. */
  *wakeAll(): Generator<void> {
    for (const subscription of this.#turns.keys()) {
      subscription.wake();
      yield;
    }
  }

  /** Whether a consumer can be added: it and the existing ones must permit it. */
  admits({ exclusive }: { readonly exclusive: boolean }): boolean {
    // An exclusive consumer is the only one.
    const [first] = this.#turns.keys();
    if (first?.options.exclusive === true) return false;
    return !exclusive || (!this.#rules.isSingleActive && first === undefined);
  }

  add(subscription: Subscription): void {
    const turn = new Turn(subscription);
    this.#turns.set(subscription, turn);
    this.#counts(subscription, 1);
    if (this.#rules.isSingleActive) this.#succession.add(subscription);
    this.#line(subscription.options.priority).push(turn);
    this.#chooseOnly();
    if (this.#takesOver(subscription)) this.#choose(subscription);
  }

  /** Whether a new preferred consumer replaces the one that receives all messages. */
  #takesOver({ options: { isPreferred, priority } }: Subscription): boolean {
    if (isPreferred !== true || this.#rules.isSingleActive || this.#only === undefined)
      return false;
    return priority >= takeoverPriority || priority > this.#only.options.priority;
  }

  /** Returns whether the consumer was present. */
  remove(subscription: Subscription): boolean {
    const turn = this.#turns.get(subscription);
    if (turn === undefined) return false;
    this.#turns.delete(subscription);
    this.#counts(subscription, -1);
    if (this.#rules.isSingleActive) this.#succession.remove(subscription);
    if (turn.isInLine) this.#leave(turn);
    this.#chooseOnly();
    return true;
  }

  #removeAll(): readonly Subscription[] {
    const all = [...this.#turns.keys()];
    this.#turns.clear();
    this.#succession.clear();
    this.#lines.length = 0;
    this.#choose(undefined);
    this.#successor = undefined;
    this.selectorCount = 0;
    this.#preferredCount = 0;
    return all;
  }

  /**
   * Removes all consumers and notifies each that its queue was deleted, in the background if there
   * are very many.
   */
  endAll(reason: string, background: Pick<Background, 'run'>): void {
    const all = this.#removeAll();
    const steps = endEach(all, reason);
    if (all.length > toldAtOnceMax) background.run(steps);
    else for (const _ of steps);
  }

  #counts({ options: { selector, isPreferred } }: Subscription, change: 1 | -1): void {
    if (selector !== undefined) this.selectorCount += change;
    if (isPreferred === true) this.#preferredCount += change;
  }

  /** Returns the line of a priority, and creates it if necessary. */
  #line(priority: number): Line {
    const at = this.#lineAt(priority);
    const found = this.#lines[at];
    if (found?.priority === priority) return found;
    const line = new Line(priority);
    this.#lines.splice(at, 0, line);
    return line;
  }

  /** Returns the index of the first line whose priority is at most the given one. */
  #lineAt(priority: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#lines[middle]?.priority ?? priority) > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A consumer that could not take messages may be able to again. */
  rejoin(subscription: Subscription): void {
    const turn = this.#turns.get(subscription);
    if (turn?.isInLine === false) this.#line(subscription.options.priority).push(turn);
  }

  /**
   * Returns the consumer for the next message; undefined if none can take it, or not all were asked
   * (see {@link wasAskedInPart}).
   */
  next(): Subscription | undefined {
    const only = this.#only;
    if (only === undefined) return this.#nextInLine();
    if (this.#successor !== undefined) return this.#succeed(only, this.#successor);
    return only.canTake() ? only : undefined;
  }

  /** Whether a search ended early since the previous call, and must be repeated later. */
  wasAskedInPart(): boolean {
    const was = this.#isAskedInPart;
    this.#isAskedInPart = false;
    return was;
  }

  #nextInLine(): Subscription | undefined {
    let left = askedCountMax;
    for (let at = 0; at < this.#lines.length; ) {
      const line = this.#lines[at] as Line; // the index is valid
      for (let turn = line.first; turn !== undefined; turn = line.first) {
        if (turn.subscription.canTake()) {
          line.moveToEnd(turn);
          return turn.subscription;
        }
        if (--left === 0) {
          this.#isAskedInPart = true;
          return undefined;
        }
        this.#wait(turn);
      }
      // An empty line may have been removed.
      if (this.#lines[at] === line) at++;
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
    for (let at = 0; at < this.#lines.length; ) {
      const line = this.#lines[at] as Line; // the index is valid
      for (let turn = line.first; turn !== undefined; ) {
        const { after, subscription } = turn;
        if (!subscription.canTake()) this.#wait(turn);
        else if (isFor(subscription)) {
          line.moveToEnd(turn);
          return subscription;
        }
        turn = after;
      }
      // An empty line may have been removed.
      if (this.#lines[at] === line) at++;
    }
    return undefined;
  }

  /** Whether no other consumer exclusively receives messages. */
  mayServe(subscription: Subscription): boolean {
    return this.#only === undefined || this.#only === subscription;
  }

  /** Whether one consumer can take a message now. If not, it leaves the line. */
  canTake(subscription: Subscription): boolean {
    if (subscription.canTake()) return true;
    const turn = this.#turns.get(subscription);
    if (turn?.isInLine === true) this.#wait(turn);
    return false;
  }

  /** Whether any consumer can take a message now. */
  hasTaker(): boolean {
    if (this.#only !== undefined) return this.next() !== undefined;
    for (let at = 0; at < this.#lines.length; ) {
      const line = this.#lines[at] as Line; // the index is valid
      for (let turn = line.first; turn !== undefined; turn = line.first) {
        if (turn.subscription.canTake()) return true;
        this.#wait(turn);
      }
      if (this.#lines[at] === line) at++;
    }
    return false;
  }

  #leave(turn: Turn): void {
    const at = this.#lineAt(turn.subscription.options.priority);
    const line = this.#lines[at] as Line; // the line has this consumer
    line.remove(turn);
    if (line.first === undefined && this.#lines.length > linesKept) this.#lines.splice(at, 1);
  }

  /** The consumer cannot take messages until its state changes. */
  #wait(turn: Turn): void {
    this.#leave(turn);
    turn.subscription.isWaiting = true;
  }

  /** Sets the consumer that exclusively receives messages. */
  #choose(only: Subscription | undefined): void {
    if (this.#only !== undefined) this.#only.isChosen = false;
    this.#only = only;
    if (only !== undefined) only.isChosen = true;
  }

  #chooseOnly(): void {
    const isByPreference = this.#preferredCount > 0 && !this.#rules.isSingleActive;
    if (isByPreference) {
      const only = this.#only;
      const isKept = only?.isActive === true && only.options.isPreferred === true;
      if (!isKept) this.#choose(this.#nextPreferred());
    } else if (!this.#rules.isSingleActive) {
      const [first] = this.#turns.size === 1 ? this.#turns.keys() : [];
      this.#choose(first);
    } else if (this.#only?.isActive !== true) {
      this.#choose(this.#succession.first);
      this.#successor = undefined;
    } else if (this.#rules.countsFailures) {
      const best = this.#succession.first;
      const isHigher = best !== undefined && best.options.priority > this.#only.options.priority;
      this.#successor = isHigher ? best : undefined;
    }
  }

  #succeed(active: Subscription, successor: Subscription): Subscription | undefined {
    if (active.unsettledCount > 0) return undefined;
    this.#choose(successor);
    this.#successor = undefined;
    return successor.canTake() ? successor : undefined;
  }

  /** Returns the preferred consumer with the highest priority that has waited longest. */
  #nextPreferred(): Subscription | undefined {
    let best: Subscription | undefined;
    for (const waiting of this.#turns.keys()) {
      if (waiting.options.isPreferred !== true) continue;
      if (best === undefined || waiting.options.priority > best.options.priority) best = waiting;
    }
    return best;
  }
}

function* endEach(all: readonly Subscription[], reason: string): Generator<void> {
  for (const subscription of all) {
    // A consumer that was cancelled meanwhile is not notified.
    if (subscription.isActive) {
      subscription.end();
      subscription.consumer?.cancelled(reason);
    }
    yield;
  }
}
