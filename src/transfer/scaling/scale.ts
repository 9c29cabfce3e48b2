// Moves everything of a broker to one of another kind, and its clients with it.

import type { Clock } from '../../base/clock.ts';
import { TransferError } from '../errors.ts';
import type { BrokerAccess } from '../moving/access.ts';
import type { LeftQueue } from '../moving/broker-move.ts';
import { type CopiedDefinitions, copyDefinitions } from '../moving/definitions-copy.ts';
import { type MovedCounts, type MoveResult, move } from '../moving/move.ts';
import { listQueues } from '../moving/queues.ts';
import { closeToClients, movedOf, pause } from './closing.ts';
import { definitionsFor, type ScaledKind, type ScalingFacts } from './differences.ts';
import {
  createMover,
  deleteMover,
  moverName,
  required,
  rowsOf,
  type ScaledBroker,
} from './mover.ts';

/** What is moved, and how. */
export interface ScaleOptions {
  readonly source: ScaledBroker;
  readonly target: ScaledBroker;
  /** The kind of the source. */
  readonly from: ScaledKind;
  readonly facts: ScalingFacts;
  /** Whether the clients have moved in an attempt before: then the target has the definitions. */
  readonly isResumed: boolean;
  /** Passwords for users of the target. */
  readonly passwords: ReadonlyMap<string, string>;
  /** Whether refused definitions do not end the move. */
  readonly acceptsDifferences: boolean;
  readonly prefetchCount: number;
  /** Milliseconds without progress until failures end the move. */
  readonly retryMsMax: number;
  readonly clock: Clock;
  readonly interruption: AbortSignal;
  readonly progress: (moved: MovedCounts, expectedCount: number) => void;
  readonly failed: (reason: string) => void;
  /** A step begins. */
  readonly step: (text: string) => void;
  /** The definitions are at the target. */
  readonly copied: (definitions: CopiedDefinitions) => void;
}

/** The result of a move. */
export interface ScaleResult {
  readonly total: MovedCounts;
  /** Queues that were not emptied. */
  readonly left: readonly LeftQueue[];
  /** Queues whose messages are never moved. */
  readonly others: MoveResult['others'];
}

/** Attempts to copy refused queues, and the time between them, milliseconds. */
const topologyAttempts = 5;
const topologyPauseMs = 2000;

/** A node counts the messages of queues every 5 s. */
const countedMs = { single: 200, cluster: 6000 } as const;

/**
 * Moves everything. It can be repeated at any time, even after a crash: what is at the source is what
 * must still be moved.
 *
 * @throws {TransferError} if a broker cannot be reached, or refuses definitions
 */
export async function scale(options: ScaleOptions): Promise<ScaleResult> {
  const { source, target, from, interruption, clock } = options;
  if (!options.isResumed) await copyAll(options);
  const movers = { source: await createMover(source), target: await createMover(target) };
  if (!interruption.aborted) {
    options.step(`clients of the old endpoint are told to connect to ${target.endpoint}`);
    const { management } = source;
    await closeToClients({ kind: from, management, clock, interruption }, target.endpoint);
    await copyTopology(options);
  }
  const result = await moveAll(options, movers);
  if (result.left.length === 0 && !interruption.aborted) {
    await deleteMover(source);
    await deleteMover(target);
  }
  return result;
}

/** Whether the clients of a broker have moved, in an attempt before. @returns where to */
export async function movedTo({ management }: ScaledBroker): Promise<string | undefined> {
  const found = await movedOf(management);
  return found === undefined ? undefined : String(found['to']);
}

async function copyAll(options: ScaleOptions): Promise<void> {
  const { target, facts, passwords, acceptsDifferences } = options;
  options.step('definitions are copied');
  const definitions = definitionsFor(facts, moverName);
  const copied = await copyDefinitions(definitions, target.management, target.username);
  options.copied(copied);
  if (copied.refused.length > 0 && !acceptsDifferences) {
    const why = `the new broker refuses ${copied.refused.length} definitions; no message was moved`;
    throw new TransferError('not-supported', why);
  }
  for (const [name, password] of passwords) {
    const path = `/users/${encodeURIComponent(name)}`;
    const answer = await target.management.get(path);
    const tags = (answer as { readonly tags?: string | readonly string[] } | null)?.tags ?? '';
    const body = { password, tags: typeof tags === 'string' ? tags : tags.join(',') };
    await required(target.management, 'PUT', path, body);
  }
}

/**
 * Copies the queues that clients have declared since the definitions were copied, and those that were
 * refused because a new virtual host did not run on all nodes yet.
 */
async function copyTopology(options: ScaleOptions): Promise<void> {
  const { source, target, facts, clock } = options;
  const [present = {}] = rowsOf([await source.management.get('/definitions')]);
  const all = definitionsFor({ ...facts, definitions: present }, moverName);
  const { rabbit_version = null, vhosts = [], queues = [], exchanges = [], bindings = [] } = all;
  const topology = { rabbit_version, vhosts, queues, exchanges, bindings };
  for (let attempt = 1; ; attempt++) {
    const copied = await copyDefinitions(topology, target.management, target.username);
    if (copied.refused.length === 0) return;
    if (attempt === topologyAttempts) return options.copied(copied);
    await pause(clock, topologyPauseMs);
  }
}

/**
 * Moves messages until no queue has any: while queues empty, messages that expire or are dead-lettered
 * can reach others that were empty before.
 */
async function moveAll(
  options: ScaleOptions,
  access: { readonly source: BrokerAccess; readonly target: BrokerAccess },
): Promise<ScaleResult> {
  const { source, from, clock, interruption, retryMsMax } = options;
  const total = { messageCount: 0, bytes: 0, redeliveredCount: 0 };
  const left = new Map<string, LeftQueue>();
  let wanted: ReadonlySet<string> | undefined;
  let progressAtMs = clock.monotonicMs();
  for (;;) {
    const before = { ...total };
    const result = await move({
      ...access,
      definitions: undefined,
      hasDefinitions: false,
      hasMessages: true,
      matches: (vhost, name) => wanted?.has(keyOf({ vhost, name })) ?? true,
      prefetchCount: options.prefetchCount,
      retryMsMax,
      clock,
      interruption,
      failed: options.failed,
      progress: (moved, expectedCount) => {
        options.progress(sum(before, moved), before.messageCount + expectedCount);
      },
    });
    Object.assign(total, sum(total, result.total));
    for (const queue of result.left) left.set(keyOf(queue), queue);
    const { movable, others } = await listAfter(countedMs[from], source, clock);
    const more = movable.filter((queue) => queue.messageCount > 0 && !left.has(keyOf(queue)));
    const nowMs = clock.monotonicMs();
    if (result.total.messageCount > 0) progressAtMs = nowMs;
    const isStuck = nowMs - progressAtMs > retryMsMax;
    if (more.length === 0 || interruption.aborted || isStuck) {
      const reason = interruption.aborted ? 'interrupted' : 'its messages are held back';
      const rest = more.map((queue) => ({ ...queue, reason }));
      return { total, left: [...left.values(), ...rest], others };
    }
    wanted = new Set(more.map(keyOf));
  }
}

async function listAfter(ms: number, { management }: ScaledBroker, clock: Clock) {
  await pause(clock, ms);
  return listQueues(management, () => true);
}

function keyOf({ vhost, name }: { readonly vhost: string; readonly name: string }): string {
  return JSON.stringify([vhost, name]);
}

function sum(a: MovedCounts, b: MovedCounts): MovedCounts {
  return {
    messageCount: a.messageCount + b.messageCount,
    bytes: a.bytes + b.bytes,
    redeliveredCount: a.redeliveredCount + b.redeliveredCount,
  };
}
