// Pages of the lines of several log streams that match a pattern, oldest first.

import type { Clock } from '../../base/clock.ts';
import type { BrokerLogs } from '../broker-logs.ts';
import { LogsError } from '../errors.ts';
import type { LinePattern } from '../patterns/filter-pattern.ts';
import type { LogLine } from '../store/log-line.ts';
import type { StreamLines } from '../store/stream-lines.ts';
import { PageBudget } from './page-budget.ts';

/** The requested lines. */
export interface FilterRequest {
  /** Inclusive; milliseconds since 1970. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
  /** Maximum number of lines. */
  readonly limit: number;
  readonly pattern: LinePattern;
  /** A token of an earlier page. */
  readonly token: string | undefined;
}

/** A line with an identifier that is unique in all logs: 56 digits. */
export interface FoundLine extends LogLine {
  readonly eventId: string;
}

/** A page of lines. */
export interface FilteredPage {
  readonly lines: readonly FoundLine[];
  /** Undefined on the last page. A page may be empty and still have a token. */
  readonly nextToken: string | undefined;
}

/** The next line of each stream, by its sequence. */
type Cursor = Map<number, number>;

/** Maximum number of streams that are read together. */
const streamCountMax = 100;

/**
 * Reads a page of the lines that match a pattern.
 *
 * @param streams at most 100, with different ids
 * @throws {LogsError} `invalid-token`
 */
export async function readFilteredPage(
  logs: BrokerLogs,
  streams: readonly StreamLines[],
  request: FilterRequest,
  clock: Pick<Clock, 'monotonicMs'>,
): Promise<FilteredPage> {
  const { limit, pattern, token } = request;
  const cursor = token === undefined ? new Map<number, number>() : parseToken(token);
  const budget = new PageBudget(clock, limit);
  const found: FoundLine[] = [];
  for (;;) {
    const next = nextOf(logs, streams, cursor, request);
    if (next === undefined) return { lines: found, nextToken: undefined };
    if (!(await budget.examine())) break;
    const { lines, index } = next;
    const line = await logs.read(lines, index);
    // It was dropped while it was read; the next look skips it.
    if (line === undefined) continue;
    if (pattern.matches(line.text)) {
      if (!budget.hasRoomFor(line.text)) break;
      budget.add(line.text);
      found.push({ ...line, eventId: eventIdOf(lines, line) });
    }
    cursor.set(lines.id, line.sequence + 1);
  }
  return { lines: found, nextToken: tokenOf(cursor) };
}

/** The oldest line that was not examined yet. */
function nextOf(
  logs: BrokerLogs,
  streams: readonly StreamLines[],
  cursor: Cursor,
  { fromMs, toMs }: FilterRequest,
): { readonly lines: StreamLines; readonly index: number } | undefined {
  let best: { lines: StreamLines; index: number; atMs: number } | undefined;
  for (const lines of streams) {
    const keptMs = logs.keptFromMs(lines);
    const low = lines.indexAtTime(Math.max(fromMs, keptMs));
    const index = Math.max(low, lines.indexAtSequence(cursor.get(lines.id) ?? 0));
    if (index >= lines.count) continue;
    const atMs = lines.timeAt(index);
    if (atMs >= toMs || (best !== undefined && best.atMs <= atMs)) continue;
    best = { lines, index, atMs };
  }
  return best;
}

function eventIdOf({ id }: StreamLines, { atMs, sequence }: LogLine): string {
  const digits = (value: number, count: number) => String(value).padStart(count, '0');
  return `${digits(atMs, 20)}${digits(id, 12)}${digits(sequence, 24)}`;
}

function tokenOf(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([...cursor])).toString('base64url');
}

function parseToken(token: string): Cursor {
  const invalid = new LogsError('invalid-token', 'The specified nextToken is invalid.');
  let pairs: unknown;
  try {
    pairs = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    throw invalid;
  }
  if (!Array.isArray(pairs) || pairs.length > streamCountMax) throw invalid;
  const cursor: Cursor = new Map();
  for (const pair of pairs as unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) throw invalid;
    const [id, sequence] = pair as unknown[];
    if (!Number.isSafeInteger(id) || !Number.isSafeInteger(sequence)) throw invalid;
    cursor.set(Number(id), Number(sequence));
  }
  return cursor;
}
