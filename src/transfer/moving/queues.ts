// The queues of a broker whose messages are moved.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { healthVhost } from '../health-vhost.ts';
import type { ManagementClient } from './management-client.ts';

/** A queue. */
export interface QueueToMove {
  readonly vhost: string;
  readonly name: string;
  /** Messages as of the last statistics, for progress. */
  readonly messageCount: number;
}

/** The queues of a broker, sorted by whether their messages can be moved. */
export interface QueuesToMove {
  readonly movable: readonly QueueToMove[];
  /** Queues whose messages stay, and why. */
  readonly others: readonly (QueueToMove & { readonly reason: string })[];
}

const pageSize = 500;
const columns = 'name,vhost,type,durable,exclusive,messages';

/**
 * Lists the queues of a broker.
 *
 * @param matches selects queues by name
 * @throws {TransferError} `connection-failed`, `login-refused`
 */
export async function listQueues(
  source: ManagementClient,
  matches: (vhost: string, name: string) => boolean,
): Promise<QueuesToMove> {
  const movable: QueueToMove[] = [];
  const others: (QueueToMove & { readonly reason: string })[] = [];
  for (let page = 1, pageCount = 1; page <= pageCount; page++) {
    const answer = asObject(
      await source.get(`/queues?columns=${columns}&page=${page}&page_size=${pageSize}`),
    );
    pageCount = Number(answer['page_count'] ?? 1);
    for (const item of asList(answer['items'])) {
      const fields = asObject(item);
      const queue = {
        vhost: String(fields['vhost']),
        name: String(fields['name']),
        messageCount: Number(fields['messages'] ?? 0),
      };
      if (queue.vhost === healthVhost || !matches(queue.vhost, queue.name)) continue;
      const reason = reasonToStay(fields);
      if (reason === undefined) movable.push(queue);
      else others.push({ ...queue, reason });
    }
  }
  return { movable, others };
}

function reasonToStay(queue: JsonObject): string | undefined {
  if (queue['type'] === 'stream') return 'messages of a stream are not taken out by reading them';
  if (queue['exclusive'] === true) return 'the queue belongs to a connection';
  if (queue['durable'] === false) return 'the queue is not durable, so definitions lack it';
  return undefined;
}

function asObject(value: JsonValue | undefined): JsonObject {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : {};
}

function asList(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
}
