import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { checkVolume } from './check.ts';
import { systemDisk } from './disk.ts';
import { Log } from './log.ts';
import type { LogOptions, LogOwner } from './log-owner.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';
import { Volume } from './volume.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

/** Keeps notes by name; what it keeps is what its log must give back. */
class Notes implements LogOwner {
  readonly places = new Map<string, { slot: number; offset: number; size: number }>();
  #live = new Set<string>();
  log: RecordLog | undefined;
  durable = 0;
  failure: Error | undefined;
  full: boolean[] = [];
  waiting: { group: number; resolve: () => void; reject: (error: Error) => void }[] = [];

  readonly options: LogOptions = {
    onDurable: (group) => {
      this.durable = group;
      this.waiting = this.waiting.filter((waiter) => {
        if (waiter.group <= group) waiter.resolve();
        return waiter.group > group;
      });
    },
    onFailed: (error) => {
      this.failure = error;
      for (const waiter of this.waiting) waiter.reject(error);
    },
    onFull: (isFull) => this.full.push(isFull),
  };

  attach(log: RecordLog): void {
    this.log = log;
  }
  get #opened(): RecordLog {
    assert.ok(this.log !== undefined);
    return this.log;
  }
  add(name: string, text: string): number {
    const bytes = Buffer.from(`${name}=${text}`);
    const block = this.#opened.reserve(1, bytes.length);
    bytes.copy(block.buffer, this.#opened.at);
    this.put(name, block.slot, this.#opened.at - block.start, bytes.length);
    return this.#opened.openGroup;
  }
  put(name: string, slot: number, offset: number, size: number): void {
    this.places.set(name, { slot, offset, size });
    this.#opened.retain(slot);
  }
  drop(name: string): void {
    const bytes = Buffer.from(name);
    const block = this.#opened.reserve(2, bytes.length);
    bytes.copy(block.buffer, this.#opened.at);
    this.#forget(name);
  }
  #forget(name: string): void {
    const place = this.places.get(name);
    this.places.delete(name);
    if (place !== undefined) this.#opened.release(place.slot);
  }
  async synced(): Promise<void> {
    const group = this.#opened.openGroup;
    this.#opened.reserve(3, 0);
    this.#opened.sync();
    await new Promise<void>((resolve, reject) => this.waiting.push({ group, resolve, reject }));
  }
  async text(name: string): Promise<string> {
    const place = this.places.get(name);
    assert.ok(place !== undefined, `${name} is not there`);
    await this.#opened.load(place.slot);
    const block = this.#opened.blocks[place.slot];
    assert.ok(block !== undefined, `${name} is not in memory`);
    const at = block.start + place.offset;
    return block.buffer.toString('utf8', at + name.length + 1, at + place.size);
  }
  /** The names that were live: an index may name more. */
  *checkpoint(log: RecordLog): Generator<undefined> {
    this.#write(log);
    yield;
  }
  #write(log: RecordLog): void {
    const bytes = Buffer.from(JSON.stringify([...this.places.keys()]));
    bytes.copy(log.reserve(4, bytes.length).buffer, log.at);
  }
  readonly changedBytes = 0;
  changes(log: RecordLog): void {
    this.#write(log);
  }
  begun(): void {}
  index(segment: number, log: RecordLog): void {
    for (const [name, { slot, offset, size }] of this.places) {
      if (log.segmentOf(slot) !== segment) continue;
      const bytes = Buffer.from(JSON.stringify([name, segment, log.numberOf(slot), offset, size]));
      const at = log.reserve(0x41, bytes.length);
      bytes.copy(at.buffer, log.at);
    }
  }
  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void {
    const text = buffer.toString('utf8', start, end);
    if (type === 1)
      this.put(text.split('=', 1)[0] as string, block.slot, start - block.start, end - start);
    if (type === 2) this.#forget(text);
    if (type === 4) this.#live = new Set(JSON.parse(text));
    if (type === 0x41) {
      const [name, segment, number, offset, size] = JSON.parse(text);
      const found = this.#opened.slotAt(segment, number);
      assert.ok(found !== undefined, `block ${number} of segment ${segment} is not there`);
      if (!this.#live.has(name)) return;
      this.put(name, found, offset, size);
    }
  }
}

const dataKey = keyFromBytes(randomBytes(32));
const newVolume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;

async function folder(): Promise<string> {
  const made = await mkdtemp(`${tmpdir()}/waxwing-log-`);
  folders.push(made);
  await Volume.format(systemDisk, made, newVolume, dataKey);
  return made;
}

async function open(at: string, options: Partial<LogOptions> = {}) {
  const volume = await Volume.open(systemDisk, at, dataKey);
  const notes = new Notes();
  const log = await Log.open(volume, notes, { ...notes.options, ...options });
  return {
    notes,
    log,
    close: async () => {
      await log.close();
      await volume.close();
      const report = await checkVolume(systemDisk, at, dataKey);
      assert.equal(report.isClosed, true);
    },
    /** As if the process had ended here. */
    abandon: async () => {
      // What is under way would go on, as it does not where a process ends.
      await notes.synced();
      await volume.close();
      await checkVolume(systemDisk, at, dataKey);
    },
  };
}

test('synced records are recovered after a clean stop and after a crash', async () => {
  const at = await folder();
  const first = await open(at);
  first.notes.add('a', 'one');
  first.notes.add('b', 'two');
  await first.notes.synced();
  await first.close();
  const second = await open(at);
  assert.equal(await second.notes.text('a'), 'one');
  second.notes.drop('a');
  second.notes.add('c', 'three');
  await second.notes.synced();
  await second.abandon();
  const third = await open(at);
  assert.deepEqual([...third.notes.places.keys()], ['b', 'c']);
  assert.equal(await third.notes.text('b'), 'two');
  assert.equal(await third.notes.text('c'), 'three');
  await third.close();
});

test('segments keep live records, free dropped ones and load those that are not in memory', async () => {
  const at = await folder();
  const options = { segmentBytes: 512 * 1024, cacheBytes: 256 * 1024 };
  let life = await open(at, options);
  const text = 'x'.repeat(20_000);
  for (let i = 0; i < 200; i++) {
    life.notes.add(`n${i}`, `${i}${text}`);
    if (i % 10 === 0) await life.notes.synced();
  }
  await life.notes.synced();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 200; i += 17) assert.equal(await life.notes.text(`n${i}`), `${i}${text}`);
    await (round === 1 ? life.abandon() : life.close());
    life = await open(at, options);
    assert.equal(life.notes.places.size, 200);
  }
  const before = (await readdir(at)).length;
  for (let i = 0; i < 195; i++) life.notes.drop(`n${i}`);
  await life.notes.synced();
  for (let i = 0; i < 40; i++) {
    life.notes.add(`m${i}`, text);
    await life.notes.synced();
  }
  while ((await readdir(at)).length >= before - 4) await life.notes.synced();
  await life.close();
  life = await open(at, options);
  assert.equal(life.notes.places.size, 45);
  assert.equal(await life.notes.text('n199'), `199${text}`);
  await life.close();
});

test('a file that does not belong to a closed volume is named', async () => {
  const at = await folder();
  await (await open(at)).close();
  await writeFile(`${at}/seg-0`, 'x');
  await assert.rejects(checkVolume(systemDisk, at, dataKey), {
    code: 'volume-damaged',
    message: /seg-0 does not belong/,
  });
});

test('a block larger than the cache can be loaded', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', newVolume, dataKey);
  const life = await QueueVolume.open(disk, '/v', dataKey, { cacheBytes: 1000 });
  life.declare(1);
  const bodies = ['x'.repeat(300_000), 'y'.repeat(2000)];
  for (const body of bodies) life.publish([1], body);
  await life.synced();
  for (let i = 0; i < 3; i++) assert.deepEqual(await life.bodies(1), bodies);
  await life.close();
});

test('a log with only batches starts new segments, and each batch lies in one segment', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', newVolume, dataKey);
  const life = await QueueVolume.open(disk, '/v', dataKey, { segmentBytes: 64 * 1024 });
  life.declare(1);
  for (let i = 0; i < 30; i++) {
    life.store.begin();
    const segments = [0, 1].map((half) => {
      life.publish([1], `${i} ${half}`.padEnd(3000, '.'));
      const queueIndex = life.window(1);
      return life.log.segmentOf(queueIndex.slot(queueIndex.next - 1));
    });
    life.store.end();
    assert.equal(segments[0], segments[1]);
    await life.synced();
  }
  assert.ok(disk.names.filter((name) => name.includes('seg-')).length > 2);
  await life.close();
  await checkVolume(disk, '/v', dataKey);
});
