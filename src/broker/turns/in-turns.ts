// Work over several turns of the event loop, before there are clients.

import type { Queue } from '../queue.ts';

/** Steps of one turn, of some tens of microseconds each. */
const stepsPerTurn = 64;

/** Queues of one step that only note a time. */
const touchedPerStep = 64;

/**
 * Performs the steps, and lets the event loop turn in between.
 *
 * @param turnBegins called before the steps of each turn, and at the end
 */
export async function inTurns(steps: Iterable<void>, turnBegins: () => void): Promise<void> {
  let count = 0;
  turnBegins();
  for (const _ of steps) {
    if (++count % stepsPerTurn > 0) continue;
    await new Promise((resolve) => setImmediate(resolve));
    turnBegins();
  }
  turnBegins();
}

/**
 * The recovery of queues; see `Queue.recover`. Until its end, no client can use them: what expires if it is
 * not used begins to do so then.
 */
export function* recoveryOf(queues: readonly Queue[], mayBeDelivered: boolean): Generator<void> {
  for (const queue of queues) {
    yield* queue.recover(mayBeDelivered);
    yield;
  }
  let count = 0;
  for (const queue of queues) {
    queue.touch();
    if (++count % touchedPerStep === 0) yield;
  }
}
