import assert from 'node:assert/strict';
import { createCipheriv, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryDisk } from '../../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../../crypto/derive.ts';
import { checkVolume } from '../../check.ts';
import type { LogOptions } from '../../log-owner.ts';
import { MessageView } from '../../message-record.ts';
import { Volume } from '../../volume.ts';
import { Arena, LogBlock } from '../block.ts';
import { LargeRecords } from './large-records.ts';

const mebibyte = 1024 * 1024;
const key = keyFromBytes(Buffer.alloc(32, 7));
const nothing = Buffer.alloc(0);
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function opened(options: Partial<LogOptions> = {}, disk = new MemoryDisk()) {
  const isNew = disk.names.length === 0;
  const identity = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  if (isNew) await Volume.format(disk, 'v', identity, key);
  const volume = await QueueVolume.open(disk, 'v', key, options);
  if (isNew) for (const queue of [1, 2]) volume.declare(queue);
  return { disk, volume };
}

/** Publishes a body in parts of an uneven size, as they are received. */
function publish(volume: QueueVolume, queues: readonly number[], body: Buffer, isDurable = true) {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += 99_991) parts.push(body.subarray(at, at + 99_991));
  const partEnds = parts.map(({ length }) => length);
  const address = Buffer.from([0, 0]);
  const head = Buffer.from('head');
  const found = queues.map((queue) => volume.window(queue));
  const common = { format: 1, priority: 0, address, addressStart: 0, addressEnd: 2, head };
  const contents = { parts, partStarts: parts.map(() => 0), partEnds, partCount: parts.length };
  volume.store.append(
    { ...common, headStart: 0, headEnd: 4, bodyLength: body.length, ...contents },
    found,
    isDurable,
    0,
    Infinity,
  );
  // The sender uses its lists for the next message.
  for (let i = 0; i < parts.length; i++) parts[i] = nothing;
}

async function bodyOf(volume: QueueVolume, queue: number, sequence: number): Promise<Buffer> {
  const view = new MessageView();
  const index = volume.window(queue);
  if (!volume.store.view(index, sequence, view)) await volume.store.load(index, sequence);
  assert.ok(volume.store.view(index, sequence, view));
  assert.equal(view.buffer.toString('latin1', view.headAt, view.headAt + view.headLength), 'head');
  return view.buffer.subarray(view.bodyAt, view.bodyAt + view.bodyLength);
}

test('a large record is copied 4 MiB in each turn, and whoever waits is told', async () => {
  const records = new LargeRecords({ appender: undefined, isInBatch: false }, () => {});
  const arena = new Arena(10 * mebibyte);
  const block = new LogBlock(0, undefined, 0, arena);
  const body = randomBytes(9 * mebibyte);
  const parts = [body.subarray(0, 5_000_001), body.subarray(5_000_001)];
  const partEnds = parts.map(({ length }) => length);
  records.fill(block, 100, { partCount: 2, parts, partStarts: [0, 0], partEnds });
  assert.ok(block.isFilling);
  await block.filling?.completed();
  assert.equal(records.sliceCount, 3);
  assert.equal(block.isFilling, false);
  assert.ok(body.equals(arena.buffer.subarray(100, 100 + body.length)));
});

test('a large message takes a turn for each slice, and is confirmed when it is synced', async () => {
  const { disk, volume } = await opened();
  await volume.synced();
  const body = randomBytes(6 * mebibyte);
  publish(volume, [2, 1], body);
  const group = volume.log.openGroup;
  volume.publish([1], 'small');
  assert.equal(
    volume.store.view(volume.window(1), 0, new MessageView()),
    false,
    'not complete yet',
  );
  volume.log.sync();
  let turnCount = 0;
  for (; volume.log.durableGroup < group; turnCount++) await turn();
  // 2 of copying, 6 of sealing, and those that write and sync.
  assert.ok(turnCount >= 8, `${turnCount} turns`);
  assert.ok(body.equals(await bodyOf(volume, 1, 0)));
  assert.ok(body.equals(await bodyOf(volume, 2, 0)));
  await volume.close();
  const { volume: again } = await opened({ cacheBytes: 1 }, disk);
  assert.ok(body.equals(await bodyOf(again, 2, 0)));
  assert.equal((await again.bodies(1))[1], 'small');
  await again.close();
});

test('many large messages roll segments, in order with small ones', async () => {
  const { disk, volume } = await opened({ segmentBytes: 4 * mebibyte, cacheBytes: mebibyte });
  const bodies = [3, 2, 5, 1.5, 2.5].map((size) => randomBytes(size * mebibyte));
  for (const body of bodies) {
    publish(volume, [1], body);
    volume.publish([2], `before ${body.length}`);
    await turn();
  }
  await volume.synced();
  for (const [i, body] of bodies.entries()) assert.ok(body.equals(await bodyOf(volume, 1, i)));
  assert.ok(disk.names.filter((name) => /seg-/.test(name)).length > 1);
  await volume.close();
  const { volume: again } = await opened({}, disk);
  for (const [i, body] of bodies.entries()) assert.ok(body.equals(await bodyOf(again, 1, i)));
  assert.deepEqual(
    await again.bodies(2),
    bodies.map(({ length }) => `before ${length}`),
  );
  await again.close();
  await checkVolume(disk, 'v', key);
});

test('a log that closes while a large message is copied or sealed has all of it', async () => {
  for (const turnCount of [0, 1, 2, 4, 6]) {
    const { disk, volume } = await opened();
    await volume.synced();
    const body = randomBytes(7 * mebibyte);
    publish(volume, [1], body);
    volume.log.sync();
    for (let i = 0; i < turnCount; i++) await turn();
    await volume.close();
    const { volume: again } = await opened({}, disk);
    assert.ok(body.equals(await bodyOf(again, 1, 0)), `${turnCount} turns`);
    await again.close();
  }
});

test('a large message that is settled before it is sealed is not written', async () => {
  const { disk, volume } = await opened();
  await volume.synced();
  publish(volume, [1], randomBytes(3 * mebibyte));
  volume.settle(1, 0);
  volume.publish([2], 'kept');
  await volume.synced();
  assert.deepEqual([volume.numbers(1), await volume.bodies(2)], [[], ['kept']]);
  const bytes = disk.names.reduce((sum, name) => sum + disk.bytes(name).length, 0);
  assert.ok(bytes < 2 * mebibyte, `${bytes} bytes`);
  await volume.close();
});

test('a large message that is settled while it is sealed is settled after a restart', async () => {
  const { disk, volume } = await opened();
  await volume.synced();
  publish(volume, [1], randomBytes(6 * mebibyte));
  volume.log.sync();
  for (let i = 0; i < 5; i++) await turn();
  volume.settle(1, 0);
  await volume.synced();
  await volume.close();
  const { volume: again } = await opened({}, disk);
  assert.deepEqual(again.numbers(1), []);
  await again.close();
});

test('a large message of a batch over several turns is whole, and so is the batch', async () => {
  const { disk, volume } = await opened();
  await volume.synced();
  const body = randomBytes(3 * mebibyte);
  volume.store.begin();
  publish(volume, [1], body);
  volume.publish([2], 'first');
  const group = volume.log.openGroup;
  volume.log.sync();
  for (let i = 0; i < 6; i++) {
    volume.log.batchPaused();
    await turn();
  }
  assert.ok(volume.log.durableGroup < group);
  volume.publish([2], 'last');
  volume.store.end();
  await volume.synced();
  assert.ok(body.equals(await bodyOf(volume, 1, 0)));
  await volume.close();
  const { volume: again } = await opened({}, disk);
  assert.ok(body.equals(await bodyOf(again, 1, 0)));
  assert.deepEqual(await again.bodies(2), ['first', 'last']);
  await again.close();
});

test('a large message that is not durable is delivered when it is complete', async () => {
  const { volume } = await opened();
  const body = randomBytes(5 * mebibyte);
  volume.window(1).keepsAll = false;
  publish(volume, [1], body, false);
  assert.ok(body.equals(await bodyOf(volume, 1, 0)));
  await volume.close();
});

test('a changed byte of a large block is found, wherever it is', async () => {
  for (const share of [0, 0.5, 0.999]) {
    const { disk, volume } = await opened();
    await volume.synced();
    publish(volume, [1], randomBytes(3 * mebibyte));
    await volume.synced();
    volume.publish([2], 'the newest block, which stays in memory');
    await volume.close();
    const { volume: again } = await opened({ cacheBytes: 1, onFailed: () => {} }, disk);
    const index = again.window(1);
    const segment = `v/seg-${again.log.segmentOf(index.slot(0))}`;
    const bytes = disk.bytes(segment);
    const at = Math.floor(64 * 1024 + share * 2.8 * mebibyte);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await assert.rejects(again.store.load(index, 0), /is damaged at byte/);
  }
});

test('what waited behind a large message is sealed in slices too', async (t) => {
  const { volume } = await opened();
  await volume.synced();
  const cipher = createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12));
  const prototype = Object.getPrototypeOf(cipher) as { update(bytes: Buffer): Buffer };
  const update = t.mock.method(prototype, 'update'); // calls it, and counts
  volume.store.begin();
  publish(volume, [1], randomBytes(2 * mebibyte));
  const text = 'x'.repeat(512 * 1024);
  for (let i = 0; i < 64; i++) volume.publish([2], text);
  volume.store.end();
  const group = volume.log.openGroup;
  volume.log.sync();
  let longestBytes = 0;
  while (volume.log.durableGroup < group) {
    await turn();
    const bytes = update.mock.calls.reduce((sum, { result }) => sum + (result?.length ?? 0), 0);
    longestBytes = Math.max(longestBytes, bytes);
    update.mock.resetCalls();
  }
  assert.ok(longestBytes < 10 * mebibyte, `${longestBytes} bytes were sealed in a turn`);
  assert.equal((await volume.bodies(2)).length, 64);
  await volume.close();
});

test('a large message is confirmed beside others that never end', async () => {
  const { volume } = await opened();
  await volume.synced();
  volume.window(2).keepsAll = false;
  publish(volume, [1], randomBytes(3 * mebibyte));
  const group = volume.log.openGroup;
  volume.log.sync();
  const other = randomBytes(5 * mebibyte);
  for (let i = 0; volume.log.durableGroup < group; i++) {
    assert.ok(i < 100, 'it is never synced');
    publish(volume, [2], other, false);
    volume.settle(2, i);
    await turn();
  }
  await volume.close();
});

test('many large records are copied in a slice', async () => {
  const records = new LargeRecords({ appender: undefined, isInBatch: false }, () => {});
  const body = randomBytes(1.25 * mebibyte);
  const blocks = Array.from({ length: 32 }, () => {
    const block = new LogBlock(0, undefined, 0, new Arena(body.length));
    const partEnds = [body.length];
    records.fill(block, 0, { partCount: 1, parts: [body], partStarts: [0], partEnds });
    return block;
  });
  await Promise.all(blocks.map(({ filling }) => filling?.completed()));
  assert.ok(records.sliceCount <= 10, `${records.sliceCount} slices`);
  assert.ok(blocks.every(({ buffer }) => buffer.equals(body)));
});
