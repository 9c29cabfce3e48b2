import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExpirationText } from './expiration.ts';

test('times to live are whole milliseconds up to ten years, and others are refused as in RabbitMQ', () => {
  for (const [text, value] of [
    ['0', 0],
    ['+5', 5],
    ['007', 7],
    ['315360000000', 315_360_000_000],
  ] as const) {
    assert.equal(readExpirationText(text), value);
  }
  for (const [text, problem] of [
    ['abc', 'no_integer'],
    ['', 'no_integer'],
    [' 1', 'no_integer'],
    ['10x', '{leftover_string,"x"}'],
    ['1.5', '{leftover_string,".5"}'],
    ['-1', '{value_negative,-1}'],
    ['315360000001', '{value_too_large,315360000001}'],
    ['9'.repeat(250), `{value_too_large,${'9'.repeat(250)}}`],
  ] as const) {
    assert.throws(() => readExpirationText(text), {
      code: 'precondition-failed',
      message: `invalid expiration '${text}': ${problem}`,
    });
  }
});
