import type { DispatchOrder } from '../dispatch/dispatch-order.ts';

/**
 * Takes messages out of the order of delivery, wherever in it they are; the others keep their places.
 *
 * @returns those that were found
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
  // The last first, so that a queue's cursor can mostly just move back.
  for (const sequence of others.reverse()) order.requeue(sequence);
  return found;
}
