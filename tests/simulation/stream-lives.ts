// The simulation of a stream, with kills.

import assert from 'node:assert/strict';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { checkVolume } from '../../src/storage/check.ts';
import { MessageView } from '../../src/storage/message-record.ts';
import { proveRecord } from '../../src/storage/record-shapes.ts';
import { StreamReader } from '../../src/storage/streams/stream-reader.ts';
import { Volume } from '../../src/storage/volume.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { QueueVolume } from '../support/queue-volume.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 9));
const queue = 1;
const stream = 2;
const options = {
  segmentBytes: 48 * 1024,
  cacheBytes: 0,
  sliceBytes: 2000,
  compaction: { lookMs: 1, looksMin: 1, share: 1 },
};
const check = (disk: MemoryDisk) =>
  checkVolume(disk, folder, dataKey, () => {}, { found: proveRecord });

/** Lives of one volume, and what its stream must contain. */
class Lives {
  readonly random: SeededRandom;
  disk = new MemoryDisk();
  /** The bodies of all messages of the stream by number; removed ones are before `first`. */
  bodies: string[] = [];
  first = 0;
  /** How many messages are synced, and how many of the removed ones. */
  synced = 0;
  syncedFirst = 0;
  #life: QueueVolume | undefined;
  #count = 0;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
  }

  get life(): QueueVolume {
    assert.ok(this.#life !== undefined);
    return this.#life;
  }

  async begin(): Promise<void> {
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(this.disk, folder, volume, dataKey);
    await this.#open();
    this.life.declare(queue);
    this.life.declareStream(stream, 4000);
    await this.life.synced();
  }

  async #open(): Promise<void> {
    this.#life = await QueueVolume.open(this.disk, folder, dataKey, options);
    if (this.life.store.indexes.has(stream)) this.life.stream(stream).segmentBytesMax = 4000;
  }

  publish(): void {
    const { random, life } = this;
    const body = `${this.#count++} `.padEnd(random.below(1500), 'x');
    const queues = random.oneIn(3) ? [queue] : random.oneIn(3) ? [queue, stream] : [stream];
    life.publish(queues, body, { nowMs: this.#count });
    if (queues.includes(stream)) this.bodies.push(body);
  }

  /** Settles messages of the queue, so that segments become sparse. */
  settle(): void {
    const { life, random } = this;
    const numbers = life.numbers(queue);
    for (const number of numbers) if (random.below(4) > 0) life.settle(queue, number);
  }

  truncate(): void {
    const index = this.life.stream(stream);
    for (let left = this.random.below(3); left > 0; left--) {
      const to = index.excessEnd(6000 + this.random.below(40_000), 0);
      if (to < 0 || to > this.synced) return;
      this.life.store.truncate(index, to);
      this.first = to;
    }
  }

  async sync(): Promise<void> {
    this.life.declare(queue);
    await this.life.synced();
    this.synced = this.bodies.length;
    this.syncedFirst = this.first;
  }

  async step(): Promise<void> {
    const { random } = this;
    for (let left = random.below(30); left > 0; left--) this.publish();
    if (random.oneIn(3)) this.settle();
    if (random.oneIn(3)) this.truncate();
    if (random.below(3) > 0) await this.sync();
    if (random.oneIn(4)) await this.read();
    for (let turns = random.below(20); turns > 0; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Reads what is synced, from a random number on, while compactions go on. */
  async read(): Promise<void> {
    const { life, bodies, random } = this;
    const index = life.stream(stream);
    const from = random.below(this.synced + 1);
    const reader = new StreamReader(index, () => life.log, from);
    const view = new MessageView();
    let next = Math.max(from, this.first);
    for (let found = reader.read(view, this.synced); found !== 'end'; ) {
      if (found === 'cold') await life.log.load(index.slot(reader.coldSequence));
      else {
        assert.equal(reader.sequence, next);
        assert.equal(
          view.buffer.toString('utf8', view.bodyAt, view.bodyAt + view.bodyLength),
          bodies[next],
        );
        next++;
      }
      found = reader.read(view, this.synced);
    }
    assert.equal(next, Math.max(next, this.synced));
  }

  /** Ends the process: cleanly, or by a kill. Then the next one finds everything that was synced. */
  async restart(): Promise<void> {
    if (this.random.oneIn(2)) {
      const left = this.disk.copy();
      await this.life.close();
      this.disk = left;
    } else {
      this.synced = this.bodies.length;
      this.syncedFirst = this.first;
      await this.life.close();
      await check(this.disk);
    }
    await this.#open();
    const index = this.life.stream(stream);
    assert.ok(index.next >= this.synced, `${index.next} of ${this.synced} messages are left`);
    assert.ok(index.next <= this.bodies.length);
    assert.ok(index.first >= this.syncedFirst && index.first <= this.first);
    assert.equal(index.count, index.next - index.first);
    this.bodies = this.bodies.slice(0, index.next);
    this.first = index.first;
    assert.deepEqual(await this.life.bodies(stream), this.bodies.slice(this.first));
    this.synced = this.bodies.length;
    this.syncedFirst = this.first;
  }

  async end(): Promise<void> {
    await this.life.close();
    await check(this.disk);
  }
}

/**
 * A stream beside a queue in one volume, against a list: messages are appended, removed from the beginning,
 * compacted and read, and the process is killed at any time.
 */
export async function simulateStream(seed: number): Promise<void> {
  const lives = new Lives(seed);
  await lives.begin();
  for (let run = 0; run < 5; run++) {
    for (let step = 0; step < 25; step++) await lives.step();
    await lives.restart();
  }
  assert.ok(lives.bodies.length > 100);
  await lives.end();
}
