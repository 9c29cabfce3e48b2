// The members of quorum queues on a node that has lost its data.

import { setTimeout as delay } from 'node:timers/promises';
import { distinctPrintable } from '../../../base/byte-text.ts';
import { systemClock } from '../../../base/clock.ts';
import type { NodeCommand } from '../hosts/node-host.ts';
import type { Node } from './node.ts';
import { fields, type NodeApi } from './node-api.ts';

const pageSize = 500;
/** More queues than these are not looked at. */
const pageCountMax = 200;
/** Pause between two attempts to remove a node from queues, milliseconds. */
const shrinkPauseMs = 1000;
/** What RabbitMQ says of a node that is not in the cluster. */
const noMember = /not_a_cluster_node|is not in the cluster/;

/** What the removal of a node needs. */
export interface Removal {
  /** A node that serves clients. */
  readonly seed: Pick<Node, 'api'>;
  /** Runs a command in the seed. @returns why it failed; undefined if it did not */
  readonly command: (command: NodeCommand) => Promise<string | undefined>;
  /** When to give up; monotonic. */
  readonly endMs: number;
}

/**
 * Removes a node without data from the cluster and from all quorum queues. A member that came back without
 * its log could vote for another one that lacks confirmed messages.
 *
 * @throws if the node is still a member
 */
export async function removeMember(
  { place, number }: Pick<Node, 'place' | 'number'>,
  { seed, command, endMs }: Removal,
): Promise<void> {
  const problem = await command({ kind: 'forget', node: place });
  // An earlier attempt may have removed it from the cluster, but not from all queues.
  if (problem !== undefined && !noMember.test(problem)) {
    throw new Error(`node ${number} was not removed from the cluster: ${problem}`);
  }
  for (;;) {
    const queue = await queueWithMember(seed.api, place.name);
    if (queue === undefined) return;
    if (systemClock.monotonicMs() > endMs) {
      throw new Error(`node ${number} was not removed from ${queue}`);
    }
    await command({ kind: 'shrink', node: place });
    await delay(shrinkPauseMs);
  }
}

/**
 * Finds a quorum queue that has a member on a node, or may have one.
 *
 * @returns what it is, for an error; undefined if there is none
 */
async function queueWithMember(
  api: Pick<NodeApi, 'get'>,
  nodeName: string,
): Promise<string | undefined> {
  for (let page = 1; page <= pageCountMax; page++) {
    const query = `page=${page}&page_size=${pageSize}&columns=name,vhost,type,members`;
    const { items, page_count: pageCount } = fields(await api.get(`/queues?${query}`));
    if (!Array.isArray(items)) throw new Error('the management API has returned no list of queues');
    const found = items.map(fields).find((queue) => mayHaveMember(queue, nodeName));
    if (found !== undefined) return nameOf(found);
    if (typeof pageCount !== 'number' || page >= pageCount) return undefined;
  }
  return `one of more than ${pageCountMax * pageSize} queues`;
}

/**
 * Whether a queue, as the management API describes it, is a quorum queue with a member on a node. One whose
 * members are not known may have one.
 */
export function mayHaveMember(
  { type, members }: Readonly<Record<string, unknown>>,
  nodeName: string,
): boolean {
  return type === 'quorum' && (!Array.isArray(members) || members.includes(nodeName));
}

function nameOf({ name, vhost }: Readonly<Record<string, unknown>>): string {
  const [shown, where] = [name, vhost].map((text) => distinctPrintable(String(text)));
  return `the queue '${shown}' in virtual host '${where}'`;
}
