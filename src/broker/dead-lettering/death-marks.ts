// Marks of messages that wait to be dead lettered, so that they still are after a restart.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { DeathReason } from '../queue.ts';

/**
 * The mark is stored in place of the number of failed deliveries, because that number means nothing
 * any more: the highest values stand for reasons.
 */
const reasons: readonly DeathReason[] = ['rejected', 'expired', 'maxlen', 'delivery_limit'];
const firstMark = 0xffff - reasons.length + 1;

/** Failed deliveries are not counted beyond this. */
export const failureCountMax: number = firstMark - 1;

/** The mark for a reason. */
export function markOf(reason: DeathReason): number {
  return firstMark + reasons.indexOf(reason);
}

/** The reason of a mark; undefined for a number of failed deliveries. */
export function markedReason(count: number): DeathReason | undefined {
  return count < firstMark ? undefined : reasons[count - firstMark];
}

/** The marked messages of a queue with their reasons, in order. */
export function markedMessages(queueIndex: QueueIndex): ReadonlyMap<number, DeathReason> {
  const found = new Map<number, DeathReason>();
  const { next } = queueIndex;
  for (let s = queueIndex.failedFrom(0); s < next; s = queueIndex.failedFrom(s + 1)) {
    const reason = markedReason(queueIndex.deliveryCount(s));
    if (reason !== undefined) found.set(s, reason);
  }
  return found;
}
