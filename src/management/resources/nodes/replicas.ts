// The replicas of quorum queues, of which each has one: /api/queues/quorum.

import type { Queue } from '../../../broker/queue.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../../answers.ts';
import { badRequest, keyMissing, ManagementError, notFound } from '../../errors.ts';
import { own } from '../../json/read.ts';
import { nodeName } from '../../management.ts';
import type { ApiRequest } from '../../request.ts';
import { requireNode } from './nodes.ts';

function queueOf(request: ApiRequest): Queue {
  const queue = request.visibleVhost().queues.get(request.label('queue'));
  if (queue === undefined) throw notFound();
  return queue;
}

/** Why a queue has no replicas, in the words of RabbitMQ; undefined if it has. */
function whyNone({ settings }: Queue): string | undefined {
  if (settings.type === 'quorum') return undefined;
  return settings.type === 'classic' ? 'classic_queue_not_supported' : 'not_quorum_queue';
}

function requireQuorum(request: ApiRequest): void {
  const why = whyNone(queueOf(request));
  if (why !== undefined) throw new ManagementError('busy', why);
}

/** Checks that the body names the only node. */
function requireNodeInBody(request: ApiRequest): void {
  const node = own(request.object(), 'node');
  if (node === undefined) throw keyMissing('node');
  if (node !== nodeName) throw badRequest('Node is not a cluster member');
}

/** `GET /api/queues/quorum/{vhost}/{queue}/status`: there is no log of Raft, so its numbers are empty. */
export function getReplicas(request: ApiRequest): Answer {
  const reason = whyNone(queueOf(request));
  if (reason !== undefined) return jsonAnswer({ status: 'failed', reason }, 503);
  return jsonAnswer([
    {
      'Node Name': nodeName,
      'Raft State': 'leader',
      Membership: 'voter',
      'Last Log Index': '',
      'Last Written': '',
      'Last Applied': '',
      'Commit Index': '',
      'Snapshot Index': '',
      Term: '',
      'Machine Version': '',
    },
  ]);
}

/** `POST /api/queues/quorum/{vhost}/{queue}/replicas/add`: the only node has one already. */
export function addReplica(request: ApiRequest): Answer {
  if (!request.visibleVhost().queues.has(request.label('queue'))) {
    throw new ManagementError('busy', 'not_found');
  }
  requireNodeInBody(request);
  requireQuorum(request);
  return emptyAnswer(204);
}

/** `DELETE /api/queues/quorum/{vhost}/{queue}/replicas/delete`: the last replica stays. */
export function deleteReplica(request: ApiRequest): Answer {
  queueOf(request);
  requireNodeInBody(request);
  requireQuorum(request);
  throw new ManagementError('busy', 'last_node');
}

/** `POST /api/queues/quorum/replicas/on/{name}/grow`: all queues have a replica on the only node. */
export function growReplicas(request: ApiRequest): Answer {
  requireNode(request);
  const body = request.object();
  const keys = ['vhost_pattern', 'queue_pattern', 'strategy'];
  const missing = keys.filter((key) => own(body, key) === undefined);
  if (missing.length > 0) {
    throw badRequest(`[${missing.map((key) => `{key_missing,${key}}`).join(',\n ')}]`);
  }
  return emptyAnswer(204);
}

/** `DELETE /api/queues/quorum/replicas/on/{name}/shrink`: the last replicas stay. */
export function shrinkReplicas(request: ApiRequest): Answer {
  requireNode(request);
  return emptyAnswer(202);
}
