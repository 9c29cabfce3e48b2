// Pages of the lines of one log stream, in both directions.

import type { Clock } from '../../base/clock.ts';
import type { BrokerLogs } from '../broker-logs.ts';
import { LogsError } from '../errors.ts';
import type { LogLine } from '../store/log-line.ts';
import type { StreamLines } from '../store/stream-lines.ts';
import { PageBudget } from './page-budget.ts';

/** The requested lines of a stream. */
export interface StreamRequest {
  /** Inclusive; milliseconds since 1970. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Maximum number of lines. */
  readonly limit: number;
  /** Without a token: whether to begin with the oldest line instead of the newest. */
  readonly startsFromHead: boolean;
  /** A token of an earlier page. */
  readonly token: string | undefined;
}

/** A page of lines, oldest first, with the tokens of the pages before and after it. */
export interface StreamPage {
  readonly lines: readonly LogLine[];
  /** If there is nothing more in its direction, the same token that was requested. */
  readonly forwardToken: string;
  readonly backwardToken: string;
}

/** A position between two lines: before the one with this sequence. */
interface Position {
  readonly direction: 'f' | 'b';
  readonly sequence: number;
}

const sequenceDigits = 48;

/**
 * Reads a page of a stream.
 *
 * @throws {LogsError} `invalid-token`
 */
export async function readStreamPage(
  logs: BrokerLogs,
  lines: StreamLines,
  request: StreamRequest,
  clock: Pick<Clock, 'monotonicMs'>,
): Promise<StreamPage> {
  const { token, startsFromHead } = request;
  const position =
    token === undefined ? firstPosition(lines, startsFromHead) : parseToken(lines, token);
  const budget = new PageBudget(clock, request.limit);
  const isForward = position.direction === 'f';
  const found: LogLine[] = [];
  const indexOf = indexes(logs, lines, request, isForward);
  let sequence = position.sequence;
  for (;;) {
    const index = indexOf(sequence);
    if (index === undefined || !(await budget.examine())) break;
    const line = await logs.read(lines, index);
    if (line === undefined || !budget.hasRoomFor(line.text)) break;
    budget.add(line.text);
    found.push(line);
    sequence = isForward ? line.sequence + 1 : line.sequence;
  }
  if (!isForward) found.reverse();
  const oldest = found[0]?.sequence ?? position.sequence;
  const newest = found.at(-1);
  const next = newest === undefined ? position.sequence : newest.sequence + 1;
  return {
    lines: found,
    forwardToken: tokenOf(lines, { direction: 'f', sequence: next }),
    backwardToken: tokenOf(lines, { direction: 'b', sequence: oldest }),
  };
}

/**
 * Returns a function that finds the index of the line after or before a position; undefined if there
 * is none. Lines may be dropped or appended between two calls.
 */
function indexes(
  logs: BrokerLogs,
  lines: StreamLines,
  { fromMs, toMs }: StreamRequest,
  isForward: boolean,
): (sequence: number) => number | undefined {
  const shownMs = Math.max(fromMs, logs.keptFromMs(lines));
  return (sequence) => {
    const low = lines.indexAtTime(shownMs);
    const high = lines.indexAtTime(toMs);
    const at = lines.indexAtSequence(sequence);
    const index = isForward ? Math.max(at, low) : Math.min(at, high) - 1;
    return index < low || index >= high ? undefined : index;
  };
}

function firstPosition(lines: StreamLines, startsFromHead: boolean): Position {
  return startsFromHead
    ? { direction: 'f', sequence: 0 }
    : { direction: 'b', sequence: lines.next };
}

function tokenOf({ id }: StreamLines, { direction, sequence }: Position): string {
  return `${direction}/${String(id).padStart(8, '0')}${String(sequence).padStart(sequenceDigits, '0')}/s`;
}

function parseToken({ id }: StreamLines, token: string): Position {
  const [, direction, stream, sequence] = /^([fb])\/(\d{8,10})(\d{48})\/s$/.exec(token) ?? [];
  if ((direction !== 'f' && direction !== 'b') || Number(stream) !== id) {
    throw new LogsError('invalid-token', 'The specified nextToken is invalid.');
  }
  const number = Number(sequence);
  if (!Number.isSafeInteger(number)) {
    throw new LogsError('invalid-token', 'The specified nextToken is invalid.');
  }
  return { direction, sequence: number };
}
