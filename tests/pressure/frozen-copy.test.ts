import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { checkVolume } from '../../src/storage/check.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import type { FrozenVolume } from '../../src/storage/frozen/frozen-volume.ts';
import { Volume } from '../../src/storage/volume.ts';
import { isLong } from '../support/proof.ts';
import { QueueVolume } from '../support/queue-volume.ts';

// A volume with segments of 64 MiB on a real disk is copied while messages are published and
// settled, and segments are compacted and released.

const dataKey = keyFromBytes(Buffer.alloc(32, 7));
const bodyBytes = 64 * 1024;
const perSegment = 1024;
const segmentsBefore = isLong ? 24 : 2;
const copyCount = isLong ? 5 : 1;
/** One of this many messages is kept. */
const keepEvery = 40;
const root = mkdtempSync(`${tmpdir()}/waxwing-frozen-`);
after(() => rmSync(root, { recursive: true }));

/** Publishes, settles and syncs until it is stopped. */
class Load {
  readonly life: QueueVolume;
  /** Numbers of the messages that are synced and not settled. */
  readonly live = new Set<number>();
  isOver = false;
  readonly #ended: Promise<void>;

  constructor(life: QueueVolume) {
    this.life = life;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.isOver) {
      const first = this.life.window(1).next;
      for (let i = 0; i < 16; i++) this.life.publish([1], bodyOf(first + i));
      await this.life.synced();
      for (let i = first; i < first + 16; i++) this.live.add(i);
      for (let i = first; i < first + 16; i++) {
        if (i % keepEvery === 0) continue;
        this.life.settle(1, i);
        this.live.delete(i);
      }
    }
  }

  /** Resolves after the given number of further messages. */
  async more(count: number): Promise<void> {
    const window = this.life.window(1);
    const target = window.next + count;
    while (window.next < target && this.life.failure === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (this.life.failure !== undefined) throw this.life.failure;
  }

  async end(): Promise<void> {
    this.isOver = true;
    await this.#ended;
  }
}

const bodyOf = (number: number) => `${number} `.padEnd(bodyBytes, '.');

async function copied(frozen: FrozenVolume, to: string, load: Load): Promise<void> {
  // More than a segment of messages come, are settled and go meanwhile.
  const share = Math.ceil((perSegment * 1.5) / frozen.files.length);
  for (const file of frozen.files) {
    const copy = await open(`${to}/${file.name}`, 'w', 0o600);
    for await (const chunk of frozen.read(file)) await copy.writeFile(chunk);
    await copy.close();
    await load.more(share);
  }
}

test('copies of a large volume taken while it is written are sound volumes', async () => {
  const from = mkdtempSync(`${root}/from-`);
  const newVolume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(systemDisk, from, newVolume, dataKey);
  let compactedCount = 0;
  const life = await QueueVolume.open(systemDisk, from, dataKey, {
    compaction: { lookMs: 100, looksMin: 1 },
    onCompacted: (_, count) => {
      compactedCount += count;
    },
  });
  life.declare(1);
  const load = new Load(life);
  await load.more(perSegment * segmentsBefore);
  for (let i = 0; i < copyCount; i++) {
    await load.more(500);
    const synced = [...load.live];
    const frozen = await life.log.freeze();
    const to = mkdtempSync(`${root}/to-`);
    await copied(frozen, to, load);
    frozen.release();
    await checkVolume(systemDisk, to, dataKey);
    const copy = await QueueVolume.open(systemDisk, to, dataKey);
    const numbers = new Set(copy.numbers(1));
    const missing = synced.filter((number) => !numbers.has(number));
    assert.deepEqual(missing, []);
    assert.deepEqual(
      await copy.bodies(1),
      [...numbers].map((number) => bodyOf(number)),
    );
    await copy.close();
    assert.equal((await checkVolume(systemDisk, to, dataKey)).isClosed, true);
    rmSync(to, { recursive: true });
  }
  await load.end();
  const left = life.numbers(1);
  await life.close();
  assert.ok(compactedCount > 0, 'nothing was compacted meanwhile');
  const { segmentCount } = await checkVolume(systemDisk, from, dataKey);
  const files = readdirSync(from).filter((name) => /^(seg|compact|free)-/.test(name));
  assert.equal(files.length, segmentCount);
  const again = await QueueVolume.open(systemDisk, from, dataKey);
  assert.deepEqual(again.numbers(1), left);
  await again.close();
});
