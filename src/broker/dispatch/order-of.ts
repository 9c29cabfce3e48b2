// Dispatch orders by queue settings.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { QueueSettings } from '../queue-options.ts';
import type { DispatchOrder } from './dispatch-order.ts';
import { FifoOrder } from './fifo-order.ts';
import { PriorityOrder } from './priority-order.ts';

/** Returns the dispatch order of a queue with these settings. */
export function orderOf(
  index: QueueIndex,
  { priorityMax }: Pick<QueueSettings, 'priorityMax'>,
): DispatchOrder {
  return priorityMax > 0 ? new PriorityOrder(index, priorityMax) : new FifoOrder(index);
}
