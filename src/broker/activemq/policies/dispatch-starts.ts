// Queues that wait for consumers before they deliver anything.

import type { Queue } from '../../queue.ts';
import type { Ticking, Turns } from '../../turns/turns.ts';
import type { Source } from '../consumption.ts';

/** When a queue with consumers begins to deliver. */
export interface StartRule {
  /** The number of consumers; 0 and 1 do not wait. */
  readonly consumerCount: number;
  /** Milliseconds after the first consumer, even if there are fewer; 0 for no limit. */
  readonly waitMs: number;
}

/** The wait of one queue. */
class DispatchStart implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly sources = new Set<Source>();
  readonly rule: StartRule;

  constructor(rule: StartRule) {
    this.rule = rule;
  }

  get hasEnough(): boolean {
    return this.sources.size >= this.rule.consumerCount;
  }

  tick(): void {
    this.start();
  }

  start(): void {
    for (const source of this.sources) source.isWaiting = false;
    for (const source of this.sources) source.subscription.wake();
    this.sources.clear();
  }
}

/**
 * Holds the consumers of queues whose policy wants a number of them before the first delivery. The
 * wait begins with the first consumer, and again when all have left.
 */
export class DispatchStarts {
  readonly #turns: Turns;
  readonly #ruleOf: (queue: Queue) => StartRule | undefined;
  readonly #starts = new WeakMap<Queue, DispatchStart>();

  constructor(turns: Turns, ruleOf: (queue: Queue) => StartRule | undefined) {
    this.#turns = turns;
    this.#ruleOf = ruleOf;
  }

  /** A consumer is about to subscribe to a queue: it may have to wait. */
  joining(source: Source): void {
    const { queue } = source;
    const rule = this.#ruleOf(queue);
    if (rule === undefined || rule.consumerCount <= 1) return;
    let start = this.#starts.get(queue);
    if (start === undefined || queue.consumerCount === 0) {
      if (start !== undefined) this.#turns.forget(start);
      start = new DispatchStart(rule);
      this.#starts.set(queue, start);
      if (rule.waitMs > 0) this.#turns.schedule(start, this.#turns.nowMs() + rule.waitMs);
    } else if (start.sources.size === 0) return; // it has begun
    source.isWaiting = true;
    start.sources.add(source);
  }

  /** A consumer has subscribed to a queue: there may be enough of them. */
  joined({ queue }: Source): void {
    const start = this.#starts.get(queue);
    if (start === undefined || start.sources.size === 0 || !start.hasEnough) return;
    this.#turns.forget(start);
    start.start();
  }

  /** A consumer has left a queue. */
  left(source: Source): void {
    this.#starts.get(source.queue)?.sources.delete(source);
  }
}
