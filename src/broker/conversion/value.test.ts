import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonLengthMax, jsonText, textValue, toJson, type Value } from './value.ts';

test('a value is encoded as JSON unless it would be longer than a text may be', () => {
  const value: Value = {
    type: 'map',
    value: [
      ['text', textValue('"\\\u0001ü\ud800'.repeat(5000))],
      ['bytes', { type: 'binary', value: Buffer.alloc(40_000, 'x') }],
      ['numbers', { type: 'list', value: [{ type: 'long', value: -(2n ** 63n) }] }],
      ['nothing', { type: 'null', value: null }],
    ],
  };
  assert.equal(jsonText(value), JSON.stringify(toJson(value)));
  // Each of these characters takes six in JSON.
  const long = textValue('\u0001'.repeat(Math.ceil(jsonLengthMax / 6)));
  for (const tooLong of [long, { type: 'list', value: [long] } as const]) {
    assert.throws(() => jsonText(tooLong), /a value of \d+ characters in JSON cannot be converted/);
  }
});
