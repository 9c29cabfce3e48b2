import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, Writer } from './bytes.ts';

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
