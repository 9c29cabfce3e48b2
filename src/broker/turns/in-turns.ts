// Work over several turns of the event loop, before there are clients.

import type { Queue } from '../queue.ts';

/** Steps of one turn, of some tens of microseconds each. */
const stepsPerTurn = 64;

/** Performs the steps, and lets the event loop turn in between. */
export async function inTurns(steps: Iterable<void>): Promise<void> {
  let count = 0;
  for (const _ of steps) {
    if (++count % stepsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The recovery of queues; see `Queue.recover`. */
export function* recoveryOf(queues: readonly Queue[], mayBeDelivered: boolean): Generator<void> {
  for (const queue of queues) {
    yield* queue.recover(mayBeDelivered);
    yield;
  }
}
