import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChainHead, Trail, trailTimeline } from '../../audit/trail.ts';
import { timelineRecordTypes as types } from '../../storage/timelines/timeline-records.ts';
import { ChainCheck } from './chain-check.ts';

const name = Buffer.concat([Buffer.from([trailTimeline.length]), Buffer.from(trailTimeline)]);
const u48 = (value: number) => Buffer.from(value.toString(16).padStart(12, '0'), 'hex');
const u32 = (value: number) => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');

/** The records of events, from number 1, and the head of their chain. */
function events(count: number, tag = ''): { readonly lines: Buffer[]; readonly head: ChainHead } {
  const trail = new Trail();
  const lines = Array.from({ length: count }, (_, i) => {
    const [line, head] = trail.chain({ eventName: `${tag}${i}` } as never, i); // only its text matters
    assert.ok(line !== undefined && 'timeline' in line && head !== undefined && 'journal' in head);
    trail.apply(head.change as ChainHead);
    return Buffer.concat([name, u48(i), u32(line.bytes.length), line.bytes]);
  });
  return { lines, head: trail.head };
}

/** An index of so many records that were appended to a segment, and are in it or in another one. */
function index(origin: number, count: number, segment = origin): Buffer {
  const own = segment === origin ? [] : [u48(origin)];
  return Buffer.concat([name, u48(segment), ...own, Buffer.alloc(16 * count)]);
}

const kept = (origin: number) => Buffer.concat([name, u48(origin)]);
const compacted = 2 ** 47 + 1;

function checkOf(replayed: readonly [type: number, record: Buffer][], found: readonly Buffer[]) {
  const check = new ChainCheck(trailTimeline);
  for (const [type, record] of replayed) check.replayed(type, record, 0, record.length);
  for (const line of found) check.found(types.record, line, 0, line.length);
  return check;
}

test('events are a chain in any order, even if one of them is found twice', () => {
  const { lines, head } = events(9);
  const order = [5, 6, 0, 1, 8, 2, 3, 4, 7, 3];
  const check = checkOf(
    [
      [types.index, index(1, 3, compacted)],
      [types.index, index(2, 4, compacted + 1)],
      [types.index, index(2, 4)],
      [types.record, lines[7] ?? name],
      [types.record, lines[8] ?? name],
    ],
    order.map((i) => lines[i] ?? name),
  );
  assert.equal(check.count, 9);
  check.end(head);
  assert.equal(check.previousOf(10), undefined);
  assert.match(check.previousOf(1) ?? '', /^0{64}$/);
});

test('dropped events may be found with gaps, and those that are kept may not', () => {
  const { lines, head } = events(9);
  const replayed: [number, Buffer][] = [
    [types.kept, kept(3)],
    [types.index, index(1, 3, compacted)],
    [types.index, index(3, 4)],
  ];
  const check = checkOf(
    replayed,
    [0, 2, 5, 6, 7, 8].map((i) => lines[i] ?? name),
  );
  assert.equal(check.count, 4);
  check.end(head);
  const gap = checkOf(
    replayed,
    [0, 1, 2, 3, 4, 5, 7, 8].map((i) => lines[i] ?? name),
  );
  assert.throws(() => gap.end(head), /event 7 of 9 is missing/);
});

test('another end, another line, a missing end and too many events are refused', () => {
  const { lines, head } = events(3);
  const others = events(3, 'other ').lines;
  const all: [number, Buffer][] = [[types.index, index(1, 3)]];
  const refused = (replayed: [number, Buffer][], found: readonly Buffer[], reason: RegExp) =>
    assert.throws(() => checkOf(replayed, found).end(head), {
      code: 'trail-broken',
      message: reason,
    });
  refused(all, others, /event 3 is not the recorded one/);
  refused(all, [others[0] ?? name, ...lines.slice(1)], /event 1 is not followed by 2/);
  refused(all, lines.slice(0, 2), /event 3 of 3 is missing/);
  refused([], [], /3 events were recorded; it has none/);
  refused([[types.index, index(1, 4)]], lines, /it has 4 events, but only 3 were recorded/);
  assert.throws(() => checkOf(all, [...lines, ...others]), /there are two events 1/);
});

test('a record that is too short, and an index with a part of an entry, are refused', () => {
  const check = new ChainCheck(trailTimeline);
  const invalid = { code: 'record-invalid' };
  for (const size of [name.length, name.length + 5, name.length + 6, name.length + 7]) {
    const record = Buffer.concat([name, u48(1), Buffer.alloc(16)]).subarray(0, size);
    assert.throws(() => check.replayed(types.index, record, 0, size), invalid);
  }
  const short = index(1, 1, compacted).subarray(0, name.length + 12);
  assert.throws(() => check.replayed(types.index, short, 0, short.length), invalid);
  const long = Buffer.concat([kept(1), Buffer.alloc(1)]);
  assert.throws(() => check.replayed(types.kept, long, 0, long.length), invalid);
});
