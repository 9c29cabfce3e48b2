import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBytes, equalRange, equalsAt, Reader, Writer } from './bytes.ts';

test('a short string of more than 255 bytes is rejected without being written', () => {
  const w = new Writer(8);
  w.shortString('é'.repeat(127));
  const before = w.at;
  const expected = { code: 'value-out-of-range' };
  assert.throws(() => w.shortString('é'.repeat(128)), expected);
  assert.throws(() => w.shortString('\udcff'.repeat(256)), expected);
  assert.equal(w.at, before);
  w.shortString('\udcff'.repeat(255));
  const r = new Reader(w.toBuffer());
  assert.deepEqual([r.shortString().length, r.shortString().length, r.left], [127, 255, 0]);
});

test('a number outside the range of its field is rejected, not wrapped', () => {
  const w = new Writer(8);
  assert.throws(() => w.u8(256));
  assert.throws(() => w.u16(0x1_0000));
  assert.throws(() => w.u32(0x1_0000_0000));
  assert.throws(() => w.u8(-1));
});

test('bytes of any length are copied to any offset, and nothing around them', () => {
  const source = Buffer.from(Array.from({ length: 200 }, (_, i) => i + 1));
  for (let size = 0; size <= 130; size++) {
    const start = size % 7;
    const target = Buffer.alloc(140);
    assert.equal(copyBytes(target, 3, source, start, start + size), 3 + size);
    assert.deepEqual(target.subarray(3, 3 + size), source.subarray(start, start + size));
    assert.ok(target.every((byte, i) => (i >= 3 && i < 3 + size) === (byte !== 0)));
  }
});

test('bytes are equal only if every one of them is', () => {
  for (let size = 0; size <= 20; size++) {
    const expected = Buffer.from(Array.from({ length: size }, (_, i) => i));
    const bytes = Buffer.concat([Buffer.of(9, 9), expected]);
    assert.equal(equalsAt(expected, bytes, 2), true);
    assert.equal(equalsAt(expected, bytes, 3), size === 0, 'beyond the end');
    assert.equal(equalsAt(Buffer.alloc(size), Buffer.alloc(Math.max(0, size - 1)), 0), size === 0);
    for (let i = 0; i < size; i++) {
      const other = Buffer.from(bytes);
      other[2 + i] = (other[2 + i] ?? 0) ^ 0x80;
      assert.equal(equalsAt(expected, other, 2), false);
    }
  }
});

test('ranges are equal only if all of their bytes are', () => {
  for (let size = 0; size <= 20; size++) {
    const expected = Buffer.from(Array.from({ length: size }, (_, i) => i));
    const bytes = Buffer.concat([Buffer.of(9, 9), expected]);
    assert.equal(equalRange(expected, 0, bytes, 2, size), true);
    assert.equal(equalRange(expected, 0, bytes, 3, size), false, 'beyond the end');
    assert.equal(equalRange(Buffer.alloc(0), 0, Buffer.alloc(0), 0, size), size === 0);
    for (let i = 0; i < size; i++) {
      const other = Buffer.from(bytes);
      other[2 + i] = (other[2 + i] ?? 0) ^ 0x80;
      assert.equal(equalRange(expected, 0, other, 2, size), false);
      assert.equal(equalRange(expected, 0, other, 2, i), true, 'before the difference');
    }
  }
});
