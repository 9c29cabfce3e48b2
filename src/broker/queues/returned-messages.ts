// What becomes of messages that consumers return.

import { failureCountMax } from '../dead-lettering/death-marks.ts';
import type { DispatchOrder } from '../dispatch/dispatch-order.ts';
import { RunSet } from '../dispatch/run-set.ts';
import type { Queue } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import type { Delivery } from '../subscription.ts';
import { retryDelayMs } from './delayed-retry.ts';

/** Number of entries that are examined when one is added, and when they are counted. */
const addedLooks = 2;
const countedLooks = 64;

/**
 * The ready messages of a queue that consumers returned. Nothing tells it when one is taken again or goes:
 * a few entries are examined with each use, so the count may be too high for a while.
 */
export class ReturnedMessages {
  readonly #queue: Queue & { readonly order: DispatchOrder };
  readonly #sequences = new RunSet();
  #count = 0;
  /** The next entry to examine. */
  #at = 0;

  constructor(queue: Queue & { readonly order: DispatchOrder }) {
    this.#queue = queue;
  }

  /** Adds a message that is ready again. */
  add(sequence: number): void {
    this.#look(addedLooks);
    if (this.has(sequence)) return;
    this.#sequences.add(sequence);
    this.#count++;
  }

  /** Whether a ready message was returned. */
  has(sequence: number): boolean {
    return this.#sequences.from(sequence) === sequence;
  }

  /** How many there are; at most this many. */
  get count(): number {
    if (this.#count > 0) this.#look(countedLooks);
    return this.#count;
  }

  #look(count: number): void {
    const { index: queueIndex, order } = this.#queue;
    for (let left = count; left > 0 && this.#count > 0; left--) {
      const sequence = this.#sequences.from(this.#at);
      this.#at = sequence + 1;
      if (sequence < 0 || (queueIndex.isLive(sequence) && order.has(sequence))) continue;
      this.#sequences.delete(sequence);
      this.#count--;
    }
  }
}

/**
 * Counts the delivery of a message that is returned.
 *
 * @returns milliseconds until it is ready again; 0 for at once, and Infinity if it has failed too often
 */
export function countReturn(
  { store, personality }: QueueHost,
  { index: queueIndex, settings }: Queue,
  sequence: number,
  hasFailed: boolean,
): number {
  const isCounted = hasFailed && queueIndex.deliveryCount(sequence) < failureCountMax;
  queueIndex.markRedelivered(sequence, isCounted);
  if (isCounted && queueIndex.countsFailures) store.counts.changed(queueIndex, sequence);
  const failureCount = queueIndex.deliveryCount(sequence);
  if (failureCount > settings.deliveryLimit) return Infinity;
  const { delayedRetry } = settings;
  if (delayedRetry === undefined || !personality.delaysReturned) return 0;
  return retryDelayMs(delayedRetry, hasFailed, failureCount);
}

/** A delivery that needs no settlement was sent, and its message goes; or its consumer failed to send it. */
export function sentSettled(queue: Queue, sequence: number, { hasFailed }: Delivery): void {
  if (hasFailed) queue.requeue(sequence, true);
  else queue.accept(sequence);
}
