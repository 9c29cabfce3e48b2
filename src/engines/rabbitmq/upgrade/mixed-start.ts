// The start of a cluster whose upgrade is not complete.

import { systemClock } from '../../../base/clock.ts';
import { startWithoutLost } from '../nodes/force-boot.ts';
import type { Node } from '../nodes/node.ts';
import { brokenOf, isComplete } from '../nodes/node-states.ts';

/** Time for the nodes, milliseconds. */
const waitMs = {
  /** For a node that may not run with the new version, once the others serve clients. */
  broken: 45_000,
  /** For the others to serve clients although a node does not run. */
  others: 90_000,
  /** For all. */
  start: 240_000,
} as const;
/** Running nodes that are a majority. */
const majority = 2;

/** What a start needs. */
export interface MixedStart {
  /** Waits until something is true of what the nodes have answered. @throws after this time */
  until(isTrue: () => boolean, endMs: number): Promise<void>;
  /** The number of nodes that serve clients. */
  servingCount(): number;
  readonly epmdPort: number;
}

/**
 * Waits until nodes that were started serve clients. One that does not run with the new version does not keep
 * the others from serving.
 */
export async function awaitMixed(
  members: readonly Node[],
  { until, servingCount, epmdPort }: MixedStart,
): Promise<void> {
  const beganMs = systemClock.monotonicMs();
  const isAfter = (ms: number) => systemClock.monotonicMs() - beganMs > ms;
  const isEnough = () => isAfter(waitMs.broken) && servingCount() >= majority;
  const isStarted = () => isComplete(members) || isEnough();
  const isStuck = () => isAfter(waitMs.others) && brokenOf(members).length === 1;
  await until(() => isStarted() || isStuck(), beganMs + waitMs.start);
  if (isStarted()) return;
  // RabbitMQ waits for all three nodes if the other two ended at one moment.
  const broken = brokenOf(members);
  const others = members.filter((node) => !broken.includes(node));
  await startWithoutLost(others, epmdPort, broken);
  await until(isStarted, systemClock.monotonicMs() + waitMs.start);
}
