// The deliveries that prepared transactions settle.

import type { Queue } from '../queue.ts';
import type { TransactionContents } from '../transaction.ts';
import type { PreparedBranch, PreparedDelivery } from './prepared-branch.ts';

/** Number of deliveries that are handled in one step. */
export const deliveriesPerStep = 16;

/** Settles a delivery of a transaction that commits. */
export function settleDelivery({
  queue,
  sequence,
  outcome,
  subscription,
  number,
}: PreparedDelivery): void {
  if (outcome === 'accepted') queue.accept(sequence);
  else if (outcome === 'rejected') queue.reject(sequence);
  else queue.requeue(sequence, outcome === 'modified');
  subscription?.conclude(number);
}

/** A delivery of a transaction that is rolled back. */
export function giveBack({ queue, sequence, subscription, number }: PreparedDelivery): void {
  if (subscription?.resume(number) === true) return;
  queue.requeue(sequence, true);
  subscription?.conclude(number);
  queue.wake();
}

/** Sets the deliveries of a transaction aside, in steps. Those that are settled are left out. */
export function* setAside(
  settlements: TransactionContents['settlements'],
  found: PreparedDelivery[],
): Generator<void> {
  for (const { subscription, first, last, outcome } of settlements) {
    for (let number = first; number <= last; number++) {
      const sequence = subscription.setAside(number);
      if (sequence < 0) continue;
      found.push({ queue: subscription.queue, sequence, outcome, subscription, number });
      if (found.length % deliveriesPerStep === 0) yield;
    }
  }
}

/** The deliveries that a transaction settles, after a restart. */
export function restoredDeliveries(
  branch: PreparedBranch,
  queues: ReadonlyMap<number, Queue>,
): PreparedDelivery[] {
  return branch.ranges.flatMap(({ queue: number, from, to, outcome }) => {
    const queue = queues.get(number);
    if (queue === undefined) return []; // it was deleted
    const found: PreparedDelivery[] = [];
    for (let sequence = from; sequence < to; sequence++) {
      if (!queue.index.isLive(sequence)) continue;
      found.push({ queue, sequence, outcome, subscription: undefined, number: -1 });
    }
    return found;
  });
}
