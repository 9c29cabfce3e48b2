// Limits of the messages that wait for slow consumers of topics.

import type { Queue } from '../../queue.ts';
import type { ConsumeRequest } from '../consumption.ts';
import type { DestinationPolicy } from '../policies/destination-policy.ts';

/**
 * Limits the messages that wait for a consumer of topics, besides those that it has. If there are
 * more, the oldest ones are dropped.
 *
 * @param policies those of its topics; the lowest limit applies
 */
export function limitPending(
  queue: Queue,
  { prefetch, pendingCountMax }: ConsumeRequest,
  policies: readonly DestinationPolicy[],
): void {
  let countMax = pendingCountMax !== undefined && pendingCountMax > 0 ? pendingCountMax : Infinity;
  for (const { pendingLimit } of policies) {
    if (pendingLimit === undefined) continue;
    const factor = pendingLimit.prefetchFactor;
    const limit = factor === undefined ? pendingLimit.countMax : Math.floor(factor * prefetch);
    countMax = Math.min(countMax, limit);
  }
  if (countMax === Infinity) return;
  queue.applySettings({ ...queue.settings, lengthMax: countMax, overflow: 'drop-head' });
}
