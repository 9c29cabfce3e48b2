// Nodes that wait for one whose data is lost.

import type { HostedNode, LastSeen } from '../hosts/node-host.ts';
import type { Node } from './node.ts';

interface Stopped {
  readonly node: Node;
  readonly hosted: HostedNode;
  readonly lastSeen: LastSeen;
}

/**
 * Restarts nodes so that they do not wait for a lost one that ended after them. The one that ended last of
 * them starts first: what it knows of the cluster is the newest.
 *
 * @param broken nodes that still have their data, but do not run
 * @throws if it is not known which one that is, one of the broken nodes may have ended later, or the command
 *   fails
 */
export async function startWithoutLost(
  members: readonly Node[],
  epmdPort: number,
  broken: readonly Node[] = [],
): Promise<void> {
  const found = await Promise.all(
    members.map(async (node): Promise<Stopped> => {
      const hosted = await node.hosted();
      await node.stop();
      return { node, hosted, lastSeen: await hosted.lastSeen(node.place) };
    }),
  );
  const newest = newestOf(found);
  const later = broken.find(({ place }) => newest.lastSeen.running.includes(place.name));
  if (later !== undefined) {
    throw new Error(`node ${later.number} does not run, and the others wait for what it knows`);
  }
  const command = { kind: 'force-boot' } as const;
  const problem = await newest.hosted.command(newest.node.place, epmdPort, command);
  if (problem !== undefined) throw new Error(`node ${newest.node.number}: ${problem}`);
  for (const { node } of found) node.start(epmdPort);
}

/**
 * The node that ended last: it saw the end of the others, or ended at the same moment as they. Of those on
 * one machine, it is the one whose list of running nodes changed last; times of several machines cannot be
 * compared.
 *
 * @throws if two nodes each ended without the other, or none has ever run
 */
export function newestOf<T extends Pick<Stopped, 'lastSeen'> & OfNode>(found: readonly T[]): T {
  const saw = (one: T, other: T) => one.lastSeen.running.includes(other.node.place.name);
  const isAfter = (one: T, other: T) => {
    if (saw(one, other) !== saw(other, one)) return saw(other, one);
    if (!saw(one, other)) {
      const both = `nodes ${one.node.number} and ${other.node.number}`;
      throw new Error(`${both} were separated when they ended: it is not known which is newer`);
    }
    const isComparable = one.node.host.id === other.node.host.id;
    return isComparable && one.lastSeen.changedMs > other.lastSeen.changedMs;
  };
  const [first, ...others] = found.filter(({ lastSeen }) => lastSeen.running.length > 0);
  if (first === undefined) throw new Error('no node knows which others ran with it');
  return others.reduce((newest, other) => (isAfter(other, newest) ? other : newest), first);
}

interface OfNode {
  readonly node: {
    readonly number: number;
    readonly place: Pick<Node['place'], 'name'>;
    readonly host: Pick<Node['host'], 'id'>;
  };
}
