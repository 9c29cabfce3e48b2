// Marks of messages that wait to be dead lettered, so that they still are after a restart.

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
