// Removal of messages from a dispatch order.

import type { DispatchOrder } from '../dispatch/dispatch-order.ts';

/**
 * Removes messages from a dispatch order, wherever they are. The others keep their positions.
 *
 * @returns the messages that were found
 */
export function takeOut(order: DispatchOrder, wanted: ReadonlySet<number>): readonly number[] {
  const found: number[] = [];
  const others: number[] = [];
  while (found.length < wanted.size) {
    const sequence = order.peek();
    if (sequence < 0) break;
    order.take();
    if (wanted.has(sequence)) found.push(sequence);
    else others.push(sequence);
  }
  // In reverse order, so that usually only the cursor of the queue moves.
  for (const sequence of others.reverse()) order.requeue(sequence);
  return found;
}
