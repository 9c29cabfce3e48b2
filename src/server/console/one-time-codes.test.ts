import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import { codeCountMax, codeMs, OneTimeCodes } from './one-time-codes.ts';

test('a code can be used once, and until it expires', () => {
  const codes = new OneTimeCodes<number>(systemRandom);
  const { code, expiresMs } = codes.give(7, 'anna', 0);
  assert.equal(expiresMs, codeMs);
  assert.equal(codes.take(code, codeMs - 1), 7);
  assert.equal(codes.take(code, codeMs - 1), undefined);
  const late = codes.give(8, 'anna', 0);
  assert.equal(codes.take(late.code, codeMs), undefined);
  assert.equal(codes.take('', 0), undefined);
});

test('many codes of one person end none of another', () => {
  const codes = new OneTimeCodes<number>(systemRandom);
  const own = codes.give(1, 'anna', 0);
  const first = codes.give(2, 'bob', 0);
  for (let i = 0; i < 2 * codeCountMax; i++) codes.give(3, 'bob', 1);
  assert.equal(codes.take(first.code, 1), undefined);
  assert.equal(codes.take(own.code, 1), 1);
});

test('expired codes give up their places', () => {
  const codes = new OneTimeCodes<number>(systemRandom);
  for (let i = 0; i < codeCountMax; i++) codes.give(i, 'bob', 0);
  const own = codes.give(1, 'bob', codeMs);
  const kept = Array.from({ length: codeCountMax - 1 }, (_, i) => codes.give(i, 'bob', codeMs));
  for (const { code } of [own, ...kept]) assert.notEqual(codes.take(code, codeMs), undefined);
});
