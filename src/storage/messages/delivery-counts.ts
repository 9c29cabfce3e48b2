import { readU32, readU48, writeU32, writeU48 } from '../../base/bytes.ts';
import type { RecordLog } from '../record-log.ts';
import { countsHeadBytes as headBytes, countsRangeBytes as rangeBytes } from '../record-shapes.ts';
import type { Window } from '../window.ts';
import type { MessageChanges } from './message-changes.ts';

/*
 * A counts record: queue number u32 | ranges: from u48, to before u48, count u16. A count is how often
 * the delivery of each message in its range has failed. It only grows while the message lives, so that
 * records may be repeated, and taken in any order: the highest count is right.
 */
const rangesMax = 4096;

interface Range {
  readonly window: Window;
  from: number;
  to: number;
  readonly count: number;
}

/** How often deliveries failed, in queues that count it: written as they change, and found again. */
export class DeliveryCounts {
  /** Changed and not yet in the log. */
  #changed: Range[] = [];
  /** Read back before their messages were. */
  #waiting: Range[] = [];
  readonly #type: number;
  readonly #changes: MessageChanges;

  /**
   * @param type of a counts record
   * @param changes told of each record, but for those of a base
   */
  constructor(type: number, changes: MessageChanges) {
    this.#type = type;
    this.#changes = changes;
  }

  /** Whether a change is not yet in the log. */
  get isPending(): boolean {
    return this.#changed.length > 0;
  }

  /** A delivery of the message failed; its window says how often that has happened. */
  changed(window: Window, sequence: number): void {
    if (!window.isDurable) return;
    const count = window.returnCount(sequence);
    const last = this.#changed.at(-1);
    // Messages come back one after the other, mostly the last of them first.
    if (last?.window === window && last.count === count) {
      if (sequence === last.to) last.to++;
      else if (sequence === last.from - 1) last.from--;
      if (sequence >= last.from && sequence < last.to) return;
    }
    this.#changed.push({ window, from: sequence, to: sequence + 1, count });
  }

  /** Appends what has changed. */
  write(log: RecordLog): void {
    const changed = this.#changed;
    this.#changed = [];
    for (const bytes of this.#write(log, changed)) this.#changes.counted(bytes);
  }

  /** Appends the counts of a window's live messages, a record at each step: for a base. */
  *writeAll(log: RecordLog, window: Window): Generator<unknown> {
    if (!window.countsFailures) return;
    const ranges: Range[] = [];
    for (let s = window.failedFrom(0); s < window.next; s = window.failedFrom(s + 1)) {
      const count = window.returnCount(s);
      const last = ranges.at(-1);
      if (last?.to === s && last.count === count) last.to++;
      else ranges.push({ window, from: s, to: s + 1, count });
    }
    yield* this.#write(log, ranges);
  }

  *#write(log: RecordLog, ranges: readonly Range[]): Generator<Buffer> {
    for (let first = 0; first < ranges.length; ) {
      const window = ranges[first]?.window;
      let end = first;
      while (end < ranges.length && end - first < rangesMax && ranges[end]?.window === window)
        end++;
      const { buffer } = log.reserve(this.#type, headBytes + (end - first) * rangeBytes);
      let p = writeU32(buffer, log.at, window?.number ?? 0);
      for (const { from, to, count } of ranges.slice(first, end)) {
        p = writeU48(buffer, writeU48(buffer, p, from), to);
        p = buffer.writeUInt16BE(count, p);
      }
      first = end;
      yield Buffer.from(buffer.subarray(log.at, p));
    }
  }

  /** Takes a counts record in; those of a checkpoint come before the messages that they are about. */
  replay(windows: ReadonlyMap<number, Window>, buffer: Buffer, start: number, end: number): void {
    const window = windows.get(readU32(buffer, start));
    if (window === undefined) return;
    for (let p = start + headBytes; p + rangeBytes <= end; p += rangeBytes) {
      const from = readU48(buffer, p);
      const to = readU48(buffer, p + 6);
      const range = { window, from, to, count: buffer.readUInt16BE(p + 12) };
      // Where none of them is live yet, they are still to be found.
      if (window.liveFrom(from) < Math.min(to, window.next)) setCounts(range);
      else this.#waiting.push(range);
    }
  }

  /** Every message has been read back. May be called again. */
  recovered(): void {
    for (const range of this.#waiting) setCounts(range);
    this.#waiting = [];
  }
}

function setCounts({ window, from, to, count }: Range): void {
  const end = Math.min(to, window.next);
  for (let s = window.liveFrom(from); s < end; s = window.liveFrom(s + 1)) {
    window.setReturnCount(s, count);
  }
}
