// Nodes that wait for one whose data is lost.

import { LocalNode } from './local-node.ts';
import type { Node } from './node.ts';

/**
 * Restarts nodes so that they do not wait for a lost one that ended after them. The one whose list of running
 * nodes changed last starts first: what it knows of the cluster is the newest.
 *
 * @throws if some are on other machines, whose times cannot be compared, or the command fails
 */
export async function startWithoutLost(members: readonly Node[], epmdPort: number): Promise<void> {
  const found = await Promise.all(
    members.map(async (node) => {
      const hosted = await node.hosted();
      if (!(hosted instanceof LocalNode)) {
        throw new Error(
          `nodes wait for the lost one, and node ${node.number} is on another machine`,
        );
      }
      await node.stop();
      return { node, hosted, changedMs: await hosted.changedMs(node.place) };
    }),
  );
  const newest = found.reduce((one, other) => (other.changedMs > one.changedMs ? other : one));
  const command = { kind: 'force-boot' } as const;
  const problem = await newest.hosted.command(newest.node.place, epmdPort, command);
  if (problem !== undefined) throw new Error(`node ${newest.node.number}: ${problem}`);
  for (const { node } of found) node.start(epmdPort);
}
