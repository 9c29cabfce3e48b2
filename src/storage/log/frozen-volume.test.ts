import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import { systemDisk } from '../disk.ts';
import { Volume } from '../volume.ts';
import type { FrozenVolume } from './frozen-volume.ts';

const dataKey = keyFromBytes(Buffer.alloc(32, 7));
const newVolume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
const limits = { timeMsMax: 600_000, keptBytesMax: 2 ** 30 };
const root = mkdtempSync(`${tmpdir()}/waxwing-freeze-`);
after(() => rmSync(root, { recursive: true }));

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Publishes, settles and syncs without end; what is confirmed and not settled is known at any time. */
class Load {
  readonly life: QueueVolume;
  /** Bodies that are synced and not settled. */
  readonly live = new Set<string>();
  isOver = false;
  #next = 0;
  readonly #ended: Promise<void>;

  constructor(life: QueueVolume) {
    this.life = life;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.isOver) {
      const from = this.#next;
      for (; this.#next < from + 8; this.#next++) {
        this.life.publish([1], this.#body(this.#next));
      }
      await this.life.synced();
      for (let i = from; i < this.#next; i++) this.live.add(this.#body(i));
      // One in eight stays, in every segment; of the others segments are given back.
      for (let i = from - 40; i < from - 32; i++) {
        if (i < 0 || i % 8 === 0) continue;
        this.life.settle(1, i);
        this.live.delete(this.#body(i));
      }
    }
  }

  #body(i: number): string {
    return `${i} `.padEnd(i % 8 === 0 ? 40 : 3000, 'x');
  }

  get count(): number {
    return this.#next;
  }

  /** Until so many messages more have come. */
  async more(count: number): Promise<void> {
    const target = this.#next + count;
    while (this.#next < target && this.life.failure === undefined) await turn();
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.#ended;
  }
}

/** Copies what a frozen volume lists, file after file, while the load goes on. */
async function copied(frozen: FrozenVolume, from: string, to: string, load: Load): Promise<void> {
  for (const { name, sizeBytes, bytes } of frozen.files) {
    await load.more(40);
    const found = bytes ?? readFileSync(`${from}/${name}`).subarray(0, sizeBytes);
    assert.equal(found.length, sizeBytes, name);
    writeFileSync(`${to}/${name}`, found, { mode: 0o600 });
  }
}

test('a copy made while load runs is sound and holds all that was confirmed before', async () => {
  const from = mkdtempSync(`${root}/from-`);
  await Volume.format(systemDisk, from, newVolume, dataKey);
  const options = { segmentBytes: 128 * 1024, cacheBytes: 64 * 1024, sliceBytes: 2000 };
  let life = await QueueVolume.open(systemDisk, from, dataKey, options);
  life.declare(1);
  const load = new Load(life);
  for (let round = 0; round < 4; round++) {
    await load.more(200 + round * 7);
    const confirmed = [...load.live];
    const frozen = await life.log.freeze(limits);
    const expected = confirmed.filter((body) => load.live.has(body));
    assert.ok(expected.length > 0);
    const to = mkdtempSync(`${root}/to-`);
    await copied(frozen, from, to, load);
    frozen.release();
    await checkVolume(systemDisk, to, dataKey);
    const copy = await QueueVolume.open(systemDisk, to, dataKey);
    const bodies = new Set(await copy.bodies(1));
    for (const body of expected) assert.ok(bodies.has(body), `${body.slice(0, 8)} is missing`);
    await copy.close();
    assert.equal((await checkVolume(systemDisk, to, dataKey)).isClosed, true);
  }
  await load.end();
  const left = (await life.bodies(1)).length;
  await life.close();
  await checkVolume(systemDisk, from, dataKey);
  life = await QueueVolume.open(systemDisk, from, dataKey);
  assert.equal((await life.bodies(1)).length, left);
  await life.close();
});

async function onMemory(): Promise<[disk: MemoryDisk, load: Load]> {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', newVolume, dataKey);
  const life = await QueueVolume.open(disk, '/v', dataKey, { segmentBytes: 64 * 1024 });
  life.declare(1);
  return [disk, new Load(life)];
}

test('a position that keeps more than is allowed is given up, and says so', async () => {
  const [, load] = await onMemory();
  await load.more(100);
  const frozen = await load.life.log.freeze({ ...limits, keptBytesMax: 100_000 });
  await load.more(3000);
  assert.throws(() => frozen.release(), {
    code: 'freeze-ended',
    message: /it kept \d+ bytes; 100000 are allowed/,
  });
  await load.end();
  await load.life.close();
});

test('a position ends with its time and with the volume, whose files are then given back', async () => {
  const [disk, load] = await onMemory();
  await load.more(100);
  const brief = await load.life.log.freeze({ ...limits, timeMsMax: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.throws(() => brief.release(), { code: 'freeze-ended', message: /more than 1 ms/ });
  const last = await load.life.log.freeze(limits);
  await load.more(800);
  const kept = last.files.filter(({ name }) => name.startsWith('seg-'));
  for (const { name } of kept) assert.ok(disk.names.includes(`/v/${name}`), name);
  await load.end();
  await load.life.close();
  assert.throws(() => last.release(), { code: 'freeze-ended', message: /was closed/ });
  await checkVolume(disk, '/v', dataKey);
  await assert.rejects(load.life.log.freeze(limits), { code: 'log-failed' });
});

test('the folder of a volume has no file of a position that was released', async () => {
  const from = mkdtempSync(`${root}/released-`);
  await Volume.format(systemDisk, from, newVolume, dataKey);
  const life = await QueueVolume.open(systemDisk, from, dataKey, { segmentBytes: 64 * 1024 });
  life.declare(1);
  const load = new Load(life);
  await load.more(100);
  const frozen = await life.log.freeze(limits);
  await load.more(400);
  frozen.release();
  await load.end();
  await life.close();
  const { segmentCount } = await checkVolume(systemDisk, from, dataKey);
  const segments = readdirSync(from).filter((name) => name.startsWith('seg-'));
  assert.equal(segments.length, segmentCount);
});
