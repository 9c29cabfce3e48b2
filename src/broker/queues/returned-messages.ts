// What becomes of messages that consumers return.

import { failureCountMax } from '../dead-lettering/death-marks.ts';
import type { Queue } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import { retryDelayMs } from './delayed-retry.ts';

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
