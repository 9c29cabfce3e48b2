// Queues of virtual topics that only get what one of their consumers wants.

import type { Queue } from '../../queue.ts';
import type { Source } from '../consumption.ts';
import type { MessageSubject } from '../message-subject.ts';

/**
 * The consumers of queues of virtual topics with `selectorAware`. A message of the topic is added to
 * such a queue only if the selector of one of its present consumers matches. Messages that are sent to
 * the queue itself are always added.
 */
export class SelectorAwareQueues {
  readonly #consumers = new WeakMap<Queue, Set<Source>>();
  /** Whether there has been any such queue. */
  areUsed = false;
  /** The total cost of the selectors of the last decision. */
  lastCost = 0;

  /** Adds a queue, which gets nothing until it has a consumer. */
  add(queue: Queue): void {
    this.areUsed = true;
    if (!this.#consumers.has(queue)) this.#consumers.set(queue, new Set());
  }

  /** A consumer has subscribed to a queue. */
  joined(source: Source): void {
    this.#consumers.get(source.queue)?.add(source);
  }

  /** A consumer has left a queue. */
  left(source: Source): void {
    this.#consumers.get(source.queue)?.delete(source);
  }

  /**
   * Whether a queue takes a message of its topic.
   *
   * @param subject returns the message, when a selector needs it
   */
  takes(queue: Queue, subject: () => MessageSubject): boolean {
    this.lastCost = 0;
    const consumers = this.#consumers.get(queue);
    if (consumers === undefined) return true;
    for (const { consumption } of consumers) {
      const { selector } = consumption.request;
      if (selector === undefined) return true;
      this.lastCost += selector.cost;
      if (selector.matches(subject())) return true;
    }
    return false;
  }
}
