import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { doubleText, floatText } from './number-text.ts';

test('doubles and floats are formatted like in Java', () => {
  const doubles: [number, string][] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [5, '5.0'],
    [-0.25, '-0.25'],
    [0.001, '0.001'],
    [0.0009, '9.0E-4'],
    [123_456.75, '123456.75'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [1.5e10, '1.5E10'],
    [1e300, '1.0E300'],
    [0.1, '0.1'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ];
  for (const [value, text] of doubles) assert.equal(doubleText(value), text);
  const floats: [number, string][] = [
    [Math.fround(0.1), '0.1'],
    [Math.fround(16_777_216), '1.6777216E7'],
    [Math.fround(3.4e38), '3.4E38'],
    [5, '5.0'],
    [Math.fround(1 / 3), '0.33333334'],
    [Infinity, 'Infinity'],
  ];
  for (const [value, text] of floats) assert.equal(floatText(value), text);
});

test('a formatted number parses back to the same value', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), (value) => {
      assert.ok(Object.is(Number(doubleText(value)), value));
    }),
  );
  fc.assert(
    fc.property(fc.float({ noNaN: true }), (value) => {
      assert.ok(Object.is(Math.fround(Number(floatText(value))), Math.fround(value)));
    }),
  );
});
