import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInSteps } from './split.ts';

function parsed(text: string): unknown {
  const steps = parseInSteps(Buffer.from(text));
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

test('an object is read as JSON.parse reads it', () => {
  const values = [
    {},
    { a: [] },
    { a: 1, b: 'x', c: null, d: true, e: -1.5e3 },
    { list: [1, 'a"],{\\', { b: [[], {}] }, [1, [2]], null], 'ke"y': 'ü\n\u{1F600}' },
    { object: { inner: { list: [1, 2, { x: ']' }] } } },
  ];
  for (const value of values) {
    assert.deepEqual(parsed(JSON.stringify(value)), value);
    assert.deepEqual(parsed(` ${JSON.stringify(value, undefined, 2)}\r\n\t`), value);
  }
});

test('everything that JSON.parse refuses, and all but objects, is refused', () => {
  const texts = [
    '',
    '{',
    '[]',
    '1',
    '"x"',
    '{}x',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    '{"a":1 "b":2}',
    '{"a":[1,]}',
    '{"a":[1 2]}',
    '{"a":[1}',
    '{"a":[1]]',
    '{"a":"x}',
    '{"a":tru}',
    '{"a":{]}',
    '{1:2}',
  ];
  for (const text of texts) {
    assert.throws(() => parsed(text), { code: 'bad-request' }, text);
  }
});

test('nesting and the size of one value are bounded', () => {
  const deep = `{"a":${'['.repeat(50)}${']'.repeat(50)}}`;
  assert.throws(() => parsed(deep), /32 levels/);
  assert.throws(() => parsed(`{"a":["${'x'.repeat(300_000)}"]}`), /262144 bytes/);
  const many = { a: Array.from({ length: 20_000 }, (_, i) => `item ${i}`) };
  assert.deepEqual(parsed(JSON.stringify(many)), many);
});
