import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLog } from '../../tests/support/memory-log.ts';
import { Timeline, type TimelineRange } from './timeline.ts';
import { timelineName } from './timelines/timeline-records.ts';

const recordType = 0x11;
const all = { fromMs: -Infinity, toMs: Infinity, newestFirst: false };

/** A timeline as a log's owner, for a log that begins segments when it is told to. */
class Owner {
  timeline = new Timeline('audit');
  log = new MemoryLog();
  attach(log: MemoryLog): void {
    this.log = log;
  }
  *checkpoint(): Generator<undefined> {}
  begun(): void {}
  index(segment: number): void {
    this.timeline.writeIndex(this.log, segment);
  }
  replay(
    block: Parameters<Timeline['replay']>[1],
    type: number,
    buffer: Buffer,
    start: number,
    end: number,
  ) {
    assert.equal(timelineName(buffer, start, end), 'audit');
    if (type === recordType) this.timeline.replay(this.log, block, buffer, start, end);
    else this.timeline.replayIndex(this.log, buffer, start, end);
  }
  append(atMs: number, text = `at ${atMs}`): void {
    this.timeline.append(this.log, atMs, Buffer.from(text));
  }
  roll(): void {
    this.log.roll(this as unknown as Parameters<MemoryLog['roll']>[0]); // it is called with its own log
  }
  reopened(): Owner {
    const next = new Owner();
    this.log.syncNow();
    this.log.reopen(next as unknown as Parameters<MemoryLog['reopen']>[0]);
    return next;
  }
  async texts(range: Partial<TimelineRange> = {}): Promise<string[]> {
    const found: string[] = [];
    for await (const { bytes } of this.timeline.read(this.log, { ...all, ...range })) {
      found.push(bytes.toString());
    }
    return found;
  }
}

/** Three segments, of which the second has nothing, and one record out of order in time. */
function filled(): Owner {
  const owner = new Owner();
  for (const atMs of [10, 20]) owner.append(atMs);
  owner.roll();
  owner.roll();
  for (const atMs of [30, 25, 40]) owner.append(atMs);
  return owner;
}

test('records are read by inclusive time range in either order', async () => {
  const owner = filled();
  assert.deepEqual(await owner.texts(), ['at 10', 'at 20', 'at 30', 'at 25', 'at 40']);
  assert.deepEqual(await owner.texts({ fromMs: 20, toMs: 30 }), ['at 20', 'at 30', 'at 25']);
  assert.deepEqual(await owner.texts({ toMs: 25, newestFirst: true }), ['at 25', 'at 20', 'at 10']);
  assert.deepEqual(await owner.texts({ fromMs: 41 }), []);
});

test('a cursor continues after its record in either order, even after a restart', async () => {
  for (const owner of [filled(), filled().reopened()]) {
    for (const newestFirst of [false, true]) {
      const expected = await owner.texts({ newestFirst });
      const found: string[] = [];
      for (let after: string | undefined; ; ) {
        const range = { ...all, newestFirst, ...(after === undefined ? {} : { after }) };
        const next = await owner.timeline.read(owner.log, range).next();
        if (next.done === true) break;
        found.push(next.value.bytes.toString());
        after = next.value.cursor;
      }
      assert.deepEqual(found, expected);
    }
  }
});

test('a restart finds every record, from indexes and after the checkpoint', async () => {
  const owner = filled().reopened();
  assert.deepEqual(await owner.texts(), ['at 10', 'at 20', 'at 30', 'at 25', 'at 40']);
  owner.append(50);
  owner.roll();
  owner.append(60);
  const expected = ['at 10', 'at 20', 'at 30', 'at 25', 'at 40', 'at 50', 'at 60'];
  assert.deepEqual(await owner.reopened().texts(), expected);
});

test('a block that is only on disk is loaded to read its records', async () => {
  const owner = filled();
  owner.roll();
  owner.log.evict();
  assert.equal((await owner.texts()).length, 5);
});

test('segments with only older records are dropped and released in the log', async () => {
  const owner = filled();
  const first = owner.log.all[0];
  assert.equal(first?.live, 1);
  owner.timeline.dropBefore(owner.log, 20);
  assert.equal((await owner.texts()).length, 5);
  owner.timeline.dropBefore(owner.log, 21);
  assert.deepEqual(await owner.texts(), ['at 30', 'at 25', 'at 40']);
  assert.equal(first?.live, 0);
  // The newest stays, however old: it is still being appended to.
  owner.timeline.dropBefore(owner.log, 1000);
  assert.equal((await owner.texts()).length, 3);
});

test('a running read skips records that are dropped meanwhile', async () => {
  const owner = filled();
  const reading = owner.timeline.read(owner.log, all);
  assert.equal((await reading.next()).value?.bytes.toString(), 'at 10');
  owner.append(50);
  owner.roll();
  owner.append(60);
  owner.timeline.dropBefore(owner.log, 21);
  const rest: string[] = [];
  for await (const { bytes } of reading) rest.push(bytes.toString());
  assert.deepEqual(rest.slice(0, 3), ['at 30', 'at 25', 'at 40']);
});

test('a timeline name of more than 255 bytes is rejected', () => {
  assert.equal(new Timeline('é'.repeat(127)).name.length, 127);
  assert.throws(() => new Timeline('é'.repeat(128)), /longer than 255 bytes/);
});

test('the newest records are read with the oldest of them first, and a record at its cursor', async () => {
  for (const owner of [filled(), filled().reopened()]) {
    assert.equal(owner.timeline.count, 5);
    const read = async (count: number) => {
      const found: string[] = [];
      for await (const { bytes, cursor } of owner.timeline.readNewest(owner.log, count)) {
        assert.deepEqual(await owner.timeline.readAt(owner.log, cursor), bytes);
        found.push(bytes.toString());
      }
      return found;
    };
    assert.deepEqual(await read(0), []);
    assert.deepEqual(await read(2), ['at 25', 'at 40']);
    assert.deepEqual(await read(4), ['at 20', 'at 30', 'at 25', 'at 40']);
    assert.deepEqual(await read(100), ['at 10', 'at 20', 'at 30', 'at 25', 'at 40']);
    assert.equal(await owner.timeline.readAt(owner.log, '99.0'), undefined);
    assert.equal(await owner.timeline.readAt(owner.log, '1.99'), undefined);
  }
});

test('segments are dropped if all of their records are among the first', async () => {
  const owner = filled();
  owner.timeline.dropFirst(owner.log, 1);
  assert.equal(owner.timeline.count, 5);
  owner.timeline.dropFirst(owner.log, 2);
  assert.deepEqual(await owner.texts(), ['at 30', 'at 25', 'at 40']);
  // The newest segment stays.
  owner.timeline.dropFirst(owner.log, 3);
  assert.equal(owner.timeline.count, 3);
});
