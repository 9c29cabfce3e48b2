// Moving of definitions and messages from one broker to another: to this program, or out of it.

import type { Clock } from '../../base/clock.ts';
import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { TransferError } from '../errors.ts';
import type { BrokerAccess } from './access.ts';
import { type LeftQueue, moveMessages } from './broker-move.ts';
import { type CopiedDefinitions, copyDefinitions } from './definitions-copy.ts';
import { listQueues, type QueuesToMove, type QueueToMove } from './queues.ts';

/** What is moved, and how. */
export interface MoveOptions {
  readonly source: BrokerAccess;
  readonly target: BrokerAccess;
  /** Definitions to use instead of those of the source. */
  readonly definitions: JsonValue | undefined;
  readonly hasDefinitions: boolean;
  readonly hasMessages: boolean;
  /** Selects queues whose messages are moved. */
  readonly matches: (vhost: string, name: string) => boolean;
  readonly prefetchCount: number;
  /** Milliseconds without progress until failures end the move. */
  readonly retryMsMax: number;
  readonly clock: Clock;
  readonly interruption: AbortSignal;
  readonly progress: (moved: MovedCounts, expectedCount: number) => void;
  readonly failed: (reason: string) => void;
}

/** The messages that were moved. */
export interface MovedCounts {
  readonly messageCount: number;
  /** Of bodies. */
  readonly bytes: number;
  /** Messages that had been delivered before. After a crash, some of them may have been moved twice. */
  readonly redeliveredCount: number;
}

/** The messages that were moved of a queue. */
export interface MovedQueue extends MovedCounts {
  readonly vhost: string;
  readonly name: string;
}

/** The result of a move. */
export interface MoveResult {
  /** Undefined if definitions were not asked for. */
  readonly definitions: CopiedDefinitions | undefined;
  readonly queues: readonly MovedQueue[];
  readonly total: MovedCounts;
  /** Queues that were not emptied. */
  readonly left: readonly LeftQueue[];
  /** Queues whose messages are never moved. */
  readonly others: QueuesToMove['others'];
}

interface Counting {
  messageCount: number;
  bytes: number;
  redeliveredCount: number;
}

/**
 * Moves everything. It can be repeated at any time, even after a crash: definitions are updated, and
 * messages that are still at the source are moved.
 *
 * @throws {TransferError} if one of the management APIs cannot be used
 */
export async function move(options: MoveOptions): Promise<MoveResult> {
  const { source, target, matches } = options;
  const definitions = options.hasDefinitions ? await moveDefinitions(options) : undefined;
  const total: Counting = { messageCount: 0, bytes: 0, redeliveredCount: 0 };
  if (!options.hasMessages) return { definitions, queues: [], total, left: [], others: [] };
  const { movable, others } = await listQueues(source.management, matches);
  const expectedCount = movable.reduce((sum, { messageCount }) => sum + messageCount, 0);
  const byQueue = new Map<QueueToMove, Counting>();
  const left = await moveMessages({
    source: source.amqp,
    destination: target.amqp,
    queues: movable,
    prefetchCount: options.prefetchCount,
    retryMsMax: options.retryMsMax,
    clock: options.clock,
    interruption: options.interruption,
    failed: options.failed,
    moved: (queue, bodyBytes, isRedelivered) => {
      const own = byQueue.get(queue) ?? { messageCount: 0, bytes: 0, redeliveredCount: 0 };
      byQueue.set(queue, own);
      for (const counting of [own, total]) {
        counting.messageCount++;
        counting.bytes += bodyBytes;
        if (isRedelivered) counting.redeliveredCount++;
      }
      options.progress(total, expectedCount);
    },
  });
  const queues = [...byQueue].map(([{ vhost, name }, counts]) => ({ vhost, name, ...counts }));
  return { definitions, queues, total, left, others };
}

async function moveDefinitions({
  source,
  target,
  definitions: given,
}: MoveOptions): Promise<CopiedDefinitions> {
  const definitions = given ?? (await source.management.get('/definitions'));
  if (typeof definitions !== 'object' || definitions === null || Array.isArray(definitions)) {
    throw new TransferError('not-supported', 'the definitions are not a JSON object');
  }
  return copyDefinitions(definitions as JsonObject, target.management, target.username);
}
