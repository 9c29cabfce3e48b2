// All records of a volume as text.

import type { KeyObject } from 'node:crypto';
import { Reader, readU32, readU48 } from '../../src/base/bytes.ts';
import type { Disk } from '../../src/storage/disk.ts';
import { LogBlock } from '../../src/storage/log/block.ts';
import { LiveSegment } from '../../src/storage/log/live-segment.ts';
import {
  decodeBlocks,
  decodeParts,
  decodeTable,
  decodeTableOfFormat2,
  recordsOf,
  type TableEntry,
} from '../../src/storage/log/records.ts';
import { Recovery } from '../../src/storage/log/recovery.ts';
import { Replay } from '../../src/storage/log/replay.ts';
import { pageBytes } from '../../src/storage/log/segment.ts';
import { listSegments, SegmentFiles } from '../../src/storage/log/segment-files.ts';
import { MessageView, queuesAt } from '../../src/storage/message-record.ts';
import { type DataKeys, Volume, type VolumeKind } from '../../src/storage/volume.ts';

type Fields = Readonly<Record<string, unknown>>;

function message(buffer: Buffer, start: number, end: number): Fields {
  const view = new MessageView();
  if (!view.open(buffer, start, end)) throw new Error('a message record is broken');
  const at = queuesAt(buffer, start);
  const queues = Array.from({ length: view.queueCount }, (_, i) => [
    readU32(buffer, at + i * 10),
    readU48(buffer, at + 4 + i * 10),
  ]);
  return {
    format: view.format,
    persistent: view.isPersistent,
    queues,
    received: view.receivedAtMs,
    expires: view.expiresAtMs === Infinity ? null : view.expiresAtMs,
    priority: view.priority,
    exchange: view.exchangeName(),
    key: view.routingKey(),
    head: buffer.toString('hex', view.headAt, view.headAt + view.headLength),
    body: buffer.toString('hex', view.bodyAt, view.bodyAt + view.bodyLength),
  };
}

function ranges(buffer: Buffer, start: number, end: number): Fields {
  const found: number[][] = [];
  for (let p = start + 10; p < end; p += 12) {
    found.push([readU48(buffer, p), readU48(buffer, p + 6)]);
  }
  return { queue: readU32(buffer, start), next: readU48(buffer, start + 4), ranges: found };
}

function counts(buffer: Buffer, start: number, end: number): Fields {
  const found: number[][] = [];
  for (let p = start + 4; p < end; p += 14) {
    found.push([readU48(buffer, p), readU48(buffer, p + 6), buffer.readUInt16BE(p + 12)]);
  }
  return { queue: readU32(buffer, start), ranges: found };
}

function ready(buffer: Buffer, start: number, end: number): Fields {
  const found: number[][] = [];
  for (let p = start + 4; p < end; p += 12) {
    found.push([readU48(buffer, p), readU48(buffer, p + 6)]);
  }
  return { queue: readU32(buffer, start), entries: found };
}

function messageIndex(buffer: Buffer, start: number, end: number): Fields {
  const entries: unknown[][] = [];
  let sequence = -2;
  let block = -1;
  let count = 1;
  let p = start + 10;
  const u48 = () => {
    p += 6;
    return readU48(buffer, p - 6);
  };
  while (p < end) {
    const flags = buffer[p++] ?? 0;
    const has = (flag: number) => (flags & flag) !== 0;
    sequence = has(1) ? u48() : sequence + count;
    block = has(2) ? u48() : block;
    count = has(16) ? readU32(buffer, p) : 1;
    if (has(16)) {
      const bytes = readU32(buffer, p + 4);
      p += 8;
      entries.push([sequence, block, { count, bytes, received: u48() }]);
      continue;
    }
    const place = [readU32(buffer, p), readU32(buffer, p + 4)];
    p += 8;
    const priority = has(4) ? (buffer[p++] ?? 0) : 0;
    entries.push([sequence, block, ...place, priority, has(8) ? u48() : null]);
  }
  return { of: readU48(buffer, start), queue: readU32(buffer, start + 6), entries };
}

function timelineIndex(buffer: Buffer, start: number, end: number): Fields {
  const nameEnd = start + 1 + (buffer[start] ?? 0);
  const of = readU48(buffer, nameEnd);
  const isCompacted = of >= 2 ** 47;
  const entries: number[][] = [];
  for (let p = nameEnd + (isCompacted ? 12 : 6); p < end; p += 16) {
    entries.push([readU48(buffer, p), readU32(buffer, p + 6), readU48(buffer, p + 10)]);
  }
  const name = buffer.toString('utf8', start + 1, nameEnd);
  const origin = isCompacted ? { origin: readU48(buffer, nameEnd + 6) } : {};
  return { timeline: name, of, ...origin, entries };
}

function kept(buffer: Buffer, start: number): Fields {
  const reader = new Reader(buffer, start);
  const timeline = reader.shortString();
  return { timeline, from: readU48(buffer, reader.skip(6)) };
}

function timeline(buffer: Buffer, start: number): Fields {
  const reader = new Reader(buffer, start);
  const name = reader.shortString();
  const at = readU48(buffer, reader.skip(6));
  return { timeline: name, at, bytes: reader.longBytes().toString('hex') };
}

function rowsOf(entries: readonly TableEntry[]): unknown[] {
  return entries.map(({ end: last, lastOffset, index }) => [
    last.segment,
    last.blocks,
    last.tag.toString('hex'),
    lastOffset,
    index.segment,
    index.offset,
    index.firstBlock,
    index.blockCount,
  ]);
}

function table(buffer: Buffer, start: number, end: number): Fields {
  const { base, entries } = decodeTable(buffer, start, end);
  return { base: base.start, bytes: base.bytes, entries: rowsOf(entries) };
}

function tableOfFormat2(buffer: Buffer, start: number, end: number): Fields {
  return { entries: rowsOf(decodeTableOfFormat2(buffer, start, end)) };
}

function parts(buffer: Buffer, start: number, end: number, like: LiveSegment): Fields {
  const segment = new LiveSegment(like.header, like.key);
  decodeParts(buffer, start, end, segment);
  return { base: segment.sliceBase, slices: segment.slices, changes: segment.changes };
}

function blocks(buffer: Buffer, start: number, end: number, like: LiveSegment): Fields {
  const segment = new LiveSegment(like.header, like.key);
  decodeBlocks(buffer, start, end, segment);
  const entries = segment.offsets.slice(1).map((offset, i) => [offset, segment.lengths[i + 1]]);
  return { of: new Reader(buffer, start).u64(), entries };
}

type Describe = (
  buffer: Buffer,
  start: number,
  end: number,
  kind: VolumeKind,
  segment: LiveSegment,
) => Fields;
const text: Describe = (buffer, start, end) => ({ change: buffer.toString('utf8', start, end) });

const types: Readonly<Record<number, [name: string, describe: Describe]>> = {
  1: ['message', message],
  2: [
    'settle',
    (buffer, start) => ({
      queue: readU32(buffer, start),
      from: readU48(buffer, start + 4),
      to: readU48(buffer, start + 10),
    }),
  ],
  3: ['definition', text],
  4: ['window', ranges],
  5: ['returned', ranges],
  6: ['stopped', () => ({})],
  7: ['counts', counts],
  8: ['changed', ranges],
  9: ['ready', ready],
  16: ['change', text],
  17: ['timeline', timeline],
  19: ['kept', kept],
  65: [
    'index',
    (buffer, start, end, kind) =>
      kind === 'broker' ? messageIndex(buffer, start, end) : timelineIndex(buffer, start, end),
  ],
  66: ['table', tableOfFormat2],
  67: ['blocks', (buffer, start, end, _kind, segment) => blocks(buffer, start, end, segment)],
  68: ['checkpoint', table],
  69: ['parts', (buffer, start, end, _kind, segment) => parts(buffer, start, end, segment)],
  70: ['part', (buffer, start) => ({ kind: buffer[start] })],
};

/**
 * Every record of the segments that recovery wants, a line of JSON each, in the order they lie in.
 *
 * @throws {StorageError} as recovery does, and where a block of these segments does not open
 */
export async function listRecords(
  disk: Disk,
  folder: string,
  keys: KeyObject | DataKeys,
): Promise<string[]> {
  const volume = await Volume.open(disk, folder, keys);
  const files = new SegmentFiles(volume, false);
  const recovery = new Recovery(volume, files);
  const wanted: LiveSegment[] = [];
  const lines: string[] = [];
  try {
    await new Replay(recovery, {
      add: (segment) => wanted.push(segment),
      begin: (segment, number, plaintext) => new LogBlock(0, segment, number, plaintext),
      record: () => {},
      end: () => {},
    }).run((await listSegments(volume)).segments);
    wanted.sort((a, b) => a.number - b.number);
    for (const segment of wanted) {
      const count = segment.end?.blocks ?? 0;
      for await (const block of recovery.readBlocks(segment, pageBytes, 1, count)) {
        const { plaintext, number } = block;
        for (const { type, start, end } of recordsOf(plaintext, () => new Error('broken'))) {
          const [name, describe] = types[type] ?? [`${type}`, () => ({})];
          const fields = describe(plaintext, start, end, volume.header.kind, segment);
          lines.push(JSON.stringify({ at: [segment.number, number], type: name, ...fields }));
        }
      }
    }
    return lines;
  } finally {
    await files.close();
    await volume.close();
  }
}
