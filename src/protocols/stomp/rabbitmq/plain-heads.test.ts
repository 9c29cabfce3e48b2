import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Writer } from '../../../base/bytes.ts';
import { writeProperties } from '../../amqp091/codec/basic-properties.ts';
import { encodePlainHead, plainHeadMax, writePlainLines } from './plain-heads.ts';

const isProperty = (name: string) => ['destination', 'persistent', 'priority'].includes(name);
const text = (value: string) => ({ type: 'longstr', value }) as const;

function decoded(properties: Parameters<typeof writeProperties>[1]): Buffer {
  const w = new Writer();
  writeProperties(w, properties);
  return w.toBuffer();
}

function linesOf(head: Buffer): string | undefined {
  const to = Buffer.alloc(plainHeadMax + 64);
  const end = writePlainLines(
    to,
    3,
    Buffer.concat([Buffer.of(9), head, Buffer.of(9)]),
    1,
    head.length + 1,
  );
  return end < 0 ? undefined : to.toString('latin1', 3, end);
}

test('plain heads are those that the general encoder writes, headers in reverse order', () => {
  const headers = new Map([
    ['destination', '/queue/q'],
    ['persistent', 'true'],
    ['content-length', '5'],
    ['receipt', 'r-1'],
    ['empty', ''],
  ]);
  const table = { empty: text(''), receipt: text('r-1'), 'content-length': text('5') };
  assert.deepEqual(
    encodePlainHead(headers, isProperty, true),
    decoded({ headers: table, deliveryMode: 2 }),
  );
  assert.deepEqual(encodePlainHead(headers, isProperty, false), decoded({ headers: table }));
  assert.deepEqual(
    encodePlainHead(new Map(), isProperty, true),
    decoded({ headers: {}, deliveryMode: 2 }),
  );
  for (const other of [
    ['priority', '1'],
    ['long', 'x'.repeat(plainHeadMax)],
    ['x'.repeat(256), ''],
    ['umlaut', 'ü'],
    ['ü', 'umlaut'],
    ['byte', '\udcff'],
  ] as const) {
    assert.equal(encodePlainHead(new Map([other]), isProperty, true), undefined, other[0]);
  }
});

test('lines are copied from plain heads, and other heads must be decoded', () => {
  assert.equal(
    linesOf(decoded({ headers: { b: text('2'), a: text(' ü') }, deliveryMode: 2 })),
    `b:2\na: ${Buffer.from('ü').toString('latin1')}\npersistent:true\n`,
  );
  assert.equal(linesOf(decoded({ headers: {}, deliveryMode: 1 })), 'persistent:1\n');
  assert.equal(linesOf(decoded({ headers: {} })), '');
  for (const properties of [
    {},
    { deliveryMode: 2 },
    { headers: {}, priority: 1 },
    { headers: {}, contentType: 'text/plain' },
    { headers: { n: { type: 'signedint', value: 1 } as const } },
    { headers: { 'content-length': text('1') } },
    { headers: { 'reply-to': text('q') } },
    ...['a:b', 'a\nb', 'a\rb', 'a\\b', 'a\0b'].map((value) => ({
      headers: { value: text(value) },
    })),
    { headers: { 'na:me': text('') } },
    { headers: { large: text('x'.repeat(plainHeadMax)) } },
  ]) {
    assert.equal(linesOf(decoded(properties)), undefined, JSON.stringify(properties));
  }
});

test('damaged heads are not copied beyond their end', () => {
  const head = decoded({ headers: { name: text('value') }, deliveryMode: 2 });
  for (let at = 0; at < head.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const damaged = Buffer.from(head);
      damaged[at] = value;
      const lines = linesOf(damaged);
      assert.ok(lines === undefined || lines.length <= damaged.length + 16);
    }
    assert.equal(linesOf(head.subarray(0, at)), undefined);
  }
});
