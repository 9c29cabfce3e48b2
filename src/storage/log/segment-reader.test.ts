import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterSealer } from '../../crypto/aead.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { blockFlags, blockHeaderBytes, pageBytes, sealBlock } from './segment.ts';
import { SegmentReader } from './segment-reader.ts';

const key = keyFromBytes(Buffer.alloc(32, 3));
const { groupBegin, groupEnd } = blockFlags;
const durable = { segment: 1, blocks: 0 };

/** A file in which groups of blocks, each of this many bytes, follow an empty page. */
function file(groups: readonly (readonly number[])[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(pageBytes)];
  const sealer = new CounterSealer(key);
  let number = 0;
  for (const sizes of groups) {
    let used = 0;
    for (const [i, size] of sizes.entries()) {
      const flags = (i === 0 ? groupBegin : 0) | (i === sizes.length - 1 ? groupEnd : 0);
      const plaintext = Buffer.alloc(size, ++number);
      parts.push(...sealBlock(sealer, { number, flags, length: size, durable }, plaintext));
      used += blockHeaderBytes + size;
    }
    parts.push(Buffer.alloc((pageBytes - (used % pageBytes)) % pageBytes));
  }
  return Buffer.concat(parts);
}

const readerOf = (bytes: Buffer) =>
  new SegmentReader(key, async (offset, size) => bytes.subarray(offset, offset + size));

async function lengths(reader: SegmentReader): Promise<number[]> {
  const found: number[] = [];
  for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
    assert.ok(block.plaintext.every((byte) => byte === block.number));
    found.push(block.length);
  }
  return found;
}

test('blocks are read in order, regardless of their size and of group boundaries', async () => {
  // The second group fills its pages exactly; the fourth has a block longer than what is read at once.
  const groups = [[0], [pageBytes - blockHeaderBytes], [1, 5000, 0, 70_000], [3, 2_500_000, 4]];
  assert.deepEqual(await lengths(readerOf(file(groups))), groups.flat());
});

test('reading stops at a changed bit of a block and after the last block', async () => {
  const bytes = file([[10], [20, 30], [40]]);
  for (const [at, expected] of [
    [pageBytes, []],
    [2 * pageBytes + 8, [10]],
    [2 * pageBytes + blockHeaderBytes + 19, [10]],
    [2 * pageBytes + 2 * blockHeaderBytes + 20, [10, 20]],
    [3 * pageBytes + blockHeaderBytes + 41, [10, 20, 30, 40]],
  ] as const) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.deepEqual(await lengths(readerOf(changed)), expected, `byte ${at}`);
  }
});

test('a block copied over another one is not accepted', async () => {
  const bytes = file([[10], [20], [30]]);
  bytes.copy(bytes, 2 * pageBytes, 3 * pageBytes, 4 * pageBytes);
  assert.deepEqual(await lengths(readerOf(bytes)), [10]);
});

test('a file that ends within a block is read up to that block', async () => {
  const bytes = file([[10], [2_500_000]]);
  for (const size of [0, pageBytes, 2 * pageBytes, 2 * pageBytes + 39, bytes.length - pageBytes]) {
    const expected = size >= 2 * pageBytes ? [10] : [];
    assert.deepEqual(await lengths(readerOf(bytes.subarray(0, size))), expected, `${size} bytes`);
  }
});

test('after damage, the reader finds the blocks that begin a group', async () => {
  const bytes = file([[10], [20, 5000], [30], [40, 9000], [50]]);
  bytes.fill(0xff, 2 * pageBytes, 2 * pageBytes + 30);
  const reader = readerOf(bytes);
  assert.deepEqual(await lengths(reader), [10]);
  const found: number[] = [];
  for (;;) {
    const block = await reader.nextGroup(bytes.length);
    if (block === undefined) break;
    assert.equal(block.flags & groupBegin, groupBegin);
    found.push(block.length);
  }
  assert.deepEqual(found, [30, 40, 50]);
});

test('an impossible block length is not read', async () => {
  const bytes = file([[10], [20]]);
  bytes.writeUInt32BE(0xffff_ffff, 2 * pageBytes + 8);
  let most = 0;
  const reader = new SegmentReader(key, async (offset, size) => {
    most = Math.max(most, size);
    return bytes.subarray(offset, offset + size);
  });
  assert.deepEqual(await lengths(reader), [10]);
  assert.ok(most <= 1024 * 1024, `${most} bytes were asked for`);
});
