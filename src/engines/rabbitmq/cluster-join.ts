// A node that has moved becomes a member of its cluster again.

import type { NodeCommand } from './hosts/node-host.ts';
import type { Node } from './nodes/node.ts';
import { removeMember } from './nodes/quorum-members.ts';
import type { SetUp } from './nodes/set-up.ts';

/** What is needed to join. */
export interface JoinParts {
  readonly setUp: SetUp;
  /** The other nodes that run. */
  readonly others: readonly Node[];
  /** The nodes that serve clients at present. */
  readonly healthy: () => readonly Node[];
  /** When to give up; monotonic. */
  readonly endMs: number;
  /** Waits until something is true of what the nodes have answered. @throws if it takes too long */
  until(isTrue: () => boolean, nodes: readonly Node[]): Promise<void>;
  /** @returns why the command failed; undefined if it did not */
  command(node: Node, command: NodeCommand): Promise<string | undefined>;
  warn(text: string): void;
}

/**
 * Makes a node that has moved and lost its data a member of the cluster.
 *
 * @throws if it is not one in time
 */
export async function joinMoved(node: Node, parts: JoinParts): Promise<void> {
  const { setUp, others, healthy, endMs, until, warn } = parts;
  await until(() => healthy().some((each) => each !== node), others);
  const [seed = node] = healthy();
  const isThere = seed.view?.some(({ name, isRunning }) => isRunning && name === node.place.name);
  if (isThere) throw new Error(`node ${node.number} still runs on its previous host`);
  const gone = [node.place.address];
  const command = (each: NodeCommand) => parts.command(seed, each);
  await removeMember(node, { seed, command, endMs });
  await setUp.writeMoved(node, seed);
  const nodes = setUp.addresses;
  for (const other of others) {
    const problem = await parts.command(other, { kind: 'hosts', nodes, gone });
    if (problem !== undefined) throw new Error(`node ${other.number}: ${problem}`);
    await setUp.change(other, {});
  }
  node.start(setUp.epmdPort);
  await until(() => node.sees(others.length + 1), [node, ...others]);
  const grown = await command({ kind: 'grow', node: node.place });
  if (grown !== undefined) warn(`quorum queues have no member on it: ${grown}`);
  await setUp.change(node, { definitions: setUp.laterDefinitions });
}
