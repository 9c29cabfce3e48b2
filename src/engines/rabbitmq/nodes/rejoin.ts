// A node whose volume was created anew joins its cluster again.
//
// The others know it as a member with data, and refuse it without. So they forget it first; then it joins
// like a new one, and gets copies of what is replicated.

import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WaxwingError } from '../../../base/errors.ts';
import { ControlCommand, type ControlOptions } from './control-command.ts';
import type { Node } from './node.ts';
import { filesOf } from './node-place.ts';

/** Time for nodes that were stopped to form a majority by themselves, milliseconds. */
const majorityMs = 45_000;

/** How a cluster whose node joins again is run. */
export interface Rejoining extends ControlOptions {
  /** Starts a node. */
  readonly start: (node: Node) => void;
  /**
   * Waits until a condition holds, which is examined after each look at the nodes.
   *
   * @returns whether it did within the time, milliseconds; undefined for the time of a start
   * @throws if the start is abandoned
   */
  readonly until: (
    isTrue: () => boolean,
    nodes: readonly Node[],
    withinMs?: number,
  ) => Promise<boolean>;
}

/**
 * Starts the other nodes, and makes one with an empty volume a member of their cluster.
 *
 * @throws {WaxwingError} `node-not-joined`
 */
export async function rejoin(
  node: Node,
  others: readonly Node[],
  { start, until, ...control }: Rejoining,
): Promise<void> {
  const [seed] = others;
  if (seed === undefined) throw new WaxwingError('node-not-joined', 'the cluster has one node');
  const seeOthers = () => others.every((other) => other.sees(others.length));
  for (const other of others) start(other);
  if (!(await until(seeOthers, others, majorityMs))) {
    // They wait for the lost node, which ended after them.
    await Promise.all(others.map((other) => other.stop()));
    const newest = await newestOf(others);
    await run(newest, ['force_boot'], control);
    for (const other of others) start(other);
    await until(seeOthers, others);
  }
  const { name } = node.place;
  if (seed.view?.some((member) => member.name === name)) {
    await run(seed, ['forget_cluster_node', name], control);
  }
  start(node);
  const all = [node, ...others];
  await until(() => all.every((each) => each.sees(all.length)), all);
  const queues = join(dirname(control.program), 'rabbitmq-queues');
  await run(seed, ['grow', name, 'all'], { ...control, program: queues });
}

/** The node whose list of running nodes changed last: what it knows of the cluster is the newest. */
async function newestOf(nodes: readonly Node[]): Promise<Node> {
  const found = await Promise.all(
    nodes.map(async (node) => {
      const { data } = filesOf(node.place);
      const file = join(data, node.place.name, 'nodes_running_at_shutdown');
      const changedMs = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0, // it never ran
      );
      return { node, changedMs };
    }),
  );
  const newest = found.reduce((one, other) => (other.changedMs > one.changedMs ? other : one));
  return newest.node;
}

async function run(node: Node, args: readonly string[], control: ControlOptions): Promise<void> {
  const problem = await new ControlCommand(node.place, args, control).ended;
  if (problem === undefined) return;
  throw new WaxwingError('node-not-joined', `'${args.join(' ')}' failed: ${problem}`);
}
