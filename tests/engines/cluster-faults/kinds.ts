// The faults of a run, and their order.

import { setTimeout as delay } from 'node:timers/promises';
import { SeededRandom } from '../../support/seeded-random.ts';
import { type FaultedCluster, skewedNode } from './faulted-cluster.ts';

/** A kind of fault. */
export interface FaultKind {
  readonly name: string;
  /** How often it is played in 200 faults. */
  readonly weight: number;
  /** How many nodes it restarts. */
  readonly restarts: number;
  readonly do: (cluster: FaultedCluster, node: number) => Promise<void>;
}

/** All kinds. Those that kill nodes take one after the other, so that each has run for a while. */
export const faultKinds: readonly FaultKind[] = [
  kind('node killed', 59, 1, (cluster, node) => cluster.killNodes([node])),
  kind('volume of a node killed', 29, 1, (cluster, node) => cluster.killVolume(node)),
  kind('two nodes killed at once', 10, 2, (cluster, node) =>
    cluster.killNodes([node, nextNode(node)]),
  ),
  kind('network partition, 4 s', 30, 0, (cluster, node) => cluster.partition(node, 4000)),
  kind('network partition, 30 s', 5, 0, (cluster, node) => cluster.partition(node, 30_000)),
  kind('node stopped, 3 s', 17, 0, (cluster, node) => cluster.freezeNode(node, 3000)),
  kind('node stopped, 30 s', 4, 0, (cluster, node) => cluster.freezeNode(node, 30_000)),
  kind('volume of a node stopped, 3 s', 14, 0, (cluster, node) => cluster.freezeVolume(node, 3000)),
  kind('volume of a node stopped for good', 2, 1, (cluster, node) => cluster.loseVolume(node)),
  kind('volume of a node slow, 4 s', 14, 0, (cluster, node) => cluster.slowVolume(node, 4000)),
  kind('disk of a node full, 4 s', 4, 0, (cluster) => cluster.fillDisk(4000)),
  kind('clock of a node 2 h ahead, and right again', 3, 0, (cluster) => skewed(cluster, 120)),
  kind('clock of a node 30 min behind, and right again', 2, 0, (cluster) => skewed(cluster, -30)),
  kind('key disabled and enabled', 4, 0, (cluster) => cluster.disableKey()),
  kind('service killed', 3, 0, (cluster) => cluster.killService()),
];

/** What could not be played, and why. */
export const skippedKinds = {
  'disk slowed by the kernel':
    'the kernel has no device mapper (dm-delay), and cgroup v1 does not throttle buffered writes; the process that serves a volume is stopped for four fifths of the time instead',
  'clock more than a day behind':
    'certificates of nodes would not be valid yet; they are for a day before',
};

/** A fault of a run. */
export interface PlannedFault {
  /** From 1. */
  readonly number: number;
  readonly kind: FaultKind;
  /** Which of the clusters has it, from 1. */
  readonly cluster: number;
  readonly node: number;
}

/**
 * Each kind as often as its weight says, at least once if there is room, in the order that the seed gives.
 *
 * @param clusters among which the faults are divided
 */
export function plan(seed: number, count: number, clusters: number): PlannedFault[] {
  const random = new SeededRandom(seed);
  const total = faultKinds.reduce((sum, { weight }) => sum + weight, 0);
  const wanted = faultKinds.flatMap((each) =>
    Array.from({ length: Math.max(1, Math.round((each.weight * count) / total)) }, () => each),
  );
  const [first] = faultKinds;
  while (first !== undefined && wanted.length < count) wanted.push(first);
  for (let at = wanted.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    const [one, two] = [wanted[at], wanted[other]];
    if (one !== undefined && two !== undefined) [wanted[at], wanted[other]] = [two, one];
  }
  const restarts = new Map<number, number>();
  return wanted.slice(0, count).map((each, at) => {
    const cluster = 1 + (at % clusters);
    const before = restarts.get(cluster) ?? 0;
    restarts.set(cluster, before + each.restarts);
    const node = 1 + (each.restarts > 0 ? before % 3 : random.below(3));
    return { number: at + 1, kind: each, cluster, node };
  });
}

function kind(
  name: string,
  weight: number,
  restarts: number,
  play: (cluster: FaultedCluster, node: number) => Promise<void>,
): FaultKind {
  return { name, weight, restarts, do: play };
}

function nextNode(node: number): number {
  return (node % 3) + 1;
}

/** A node starts with a wrong clock, works, and starts with the right one. */
async function skewed(cluster: FaultedCluster, minutes: number): Promise<void> {
  await cluster.skewClock(minutes);
  await cluster.recovered();
  await cluster.requireSkew(skewedNode, minutes);
  await delay(1000);
  await cluster.skewClock(0);
}
