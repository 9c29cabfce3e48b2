import { assert } from '../base/assert.ts';
import { readU32, readU48, writeU32, writeU48 } from './message-record.ts';
import type { MessageBlock, MessageLog } from './message-store.ts';
import type { Window } from './window.ts';

/*
 * A window record: queue number u32 | next sequence u48 | ranges of sequences (from u48, to before u48).
 * An index record: segment u48 | queue number u32 | entries: sequence u48 | block u48 | offset u32 |
 * body length u32 | priority u8 | expiry u48, 0 for none.
 */
const rangesMax = 4096;
const entriesMax = 2048;
const entryBytes = 27;

/** Appends a window's live messages as ranges of sequence numbers, in as many records as it takes. */
export function writeRanges(
  log: MessageLog,
  type: number,
  window: Window,
  has: (sequence: number) => boolean,
): void {
  let ranges: number[] = [];
  const write = () => {
    const block = log.reserve(type, 10 + ranges.length * 6);
    const buffer = block.buffer;
    assert(buffer !== undefined, 'a block just reserved is not in memory');
    let p = writeU48(buffer, writeU32(buffer, log.at, window.number), window.next);
    for (const bound of ranges) p = writeU48(buffer, p, bound);
    ranges = [];
  };
  for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
    if (!has(s)) continue;
    if (ranges.at(-1) === s) ranges[ranges.length - 1] = s + 1;
    else {
      if (ranges.length >= rangesMax * 2) write();
      ranges.push(s, s + 1);
    }
  }
  write();
}

/** Reads the ranges of a window record. */
export function readRanges(
  buffer: Buffer,
  start: number,
  end: number,
  take: (from: number, to: number) => void,
): void {
  for (let p = start; p < end; p += 12) take(readU48(buffer, p), readU48(buffer, p + 6));
}

/** Appends where a window's live messages of one segment lie. */
export function writeIndex(log: MessageLog, type: number, window: Window, segment: number): void {
  let found: number[] = [];
  const write = () => {
    if (found.length === 0) return;
    const block = log.reserve(type, 10 + found.length * entryBytes);
    const buffer = block.buffer;
    assert(buffer !== undefined, 'a block just reserved is not in memory');
    let p = writeU32(buffer, writeU48(buffer, log.at, segment), window.number);
    for (const s of found) {
      p = writeU48(buffer, p, s);
      p = writeU48(buffer, p, log.blocks[window.slot(s)]?.number ?? 0);
      p = writeU32(buffer, p, window.offset(s));
      p = writeU32(buffer, p, window.bodyLength(s));
      buffer[p] = window.priority(s);
      const expiry = window.expiresAtMs(s);
      p = writeU48(buffer, p + 1, expiry === Infinity ? 0 : expiry);
    }
    found = [];
  };
  for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) {
    const block = log.blocks[window.slot(s)];
    if (block === undefined || block.transient || block.segment !== segment) continue;
    found.push(s);
    if (found.length === entriesMax) write();
  }
  write();
}

/** Puts the messages of an index record that the checkpoint calls live into their windows. */
export function locate(
  buffer: Buffer,
  start: number,
  end: number,
  windows: ReadonlyMap<number, Window>,
  ranges: ReadonlyMap<number, readonly number[]>,
  find: (segment: number, number: number) => MessageBlock | undefined,
): MessageBlock[] {
  const window = windows.get(readU32(buffer, start + 6));
  const taken: MessageBlock[] = [];
  if (window === undefined) return taken;
  const live = ranges.get(window.number) ?? [];
  let at = 0;
  let block: MessageBlock | undefined;
  for (let p = start + 10; p < end; p += entryBytes) {
    const sequence = readU48(buffer, p);
    while ((live[at + 1] ?? Infinity) <= sequence) at += 2;
    if (sequence < (live[at] ?? Infinity)) continue;
    const number = readU48(buffer, p + 6);
    if (block?.number !== number) block = find(readU48(buffer, start), number);
    assert(block !== undefined, 'an index names a block that is not there');
    const offset = readU32(buffer, p + 12);
    window.put(sequence, block.slot, offset, readU32(buffer, p + 16), buffer[p + 20] ?? 0);
    const expiry = readU48(buffer, p + 21);
    if (expiry !== 0) window.setExpiry(sequence, expiry);
    taken.push(block);
  }
  return taken;
}
