// What is known of several nodes.

import type { HostedVolumeState } from '../hosts/node-host.ts';
import type { Node } from './node.ts';

/** Whether all of these nodes see each other. */
export function isComplete(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.sees(nodes.length));
}

/** The state of the volume of a node. */
export async function stateOf(node: Node): Promise<HostedVolumeState> {
  if (!node.host.isReachable) return 'unreachable';
  const hosted = await node.hosted();
  return node.isNew && !hosted.isRunning ? 'missing' : hosted.state();
}

/** Ended processes after which a node counts as one that does not run. */
const brokenCount = 3;

/** The nodes whose processes ended repeatedly after they were started. */
export function brokenOf(nodes: readonly Node[]): readonly Node[] {
  return nodes.filter(({ crashCount }) => crashCount >= brokenCount);
}

/** @throws if these members are not enough to start */
export function requireMembers(all: readonly Node[], members: readonly Node[], needed: number) {
  if (members.length >= needed) return;
  const missing = all.filter((node) => !members.includes(node));
  const names = missing.map(({ number, host }) => `node ${number} (host '${host.name}')`);
  throw new Error(`${needed} nodes are needed, but there is no ${names.join(', ')}`);
}

/** Why nodes do not form a cluster, for an error. */
export function whyIncomplete(nodes: readonly Node[]): string {
  const states = nodes.map((node) => {
    if (!node.isRunning) return `node ${node.number} does not run`;
    const running = node.view?.filter(({ isRunning }) => isRunning).length;
    return `node ${node.number} ${running === undefined ? 'does not answer' : `sees ${running}`}`;
  });
  return `the nodes did not form a cluster in time: ${states.join(', ')}`;
}
