import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Writer } from '../../../base/bytes.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Delivery } from '../../../broker/subscription.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../codec/basic-properties.ts';
import { headOfStream } from './stream-head.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;

/** The properties that a consumer of a stream sees. */
function seen(properties: BasicProperties, offset: number): BasicProperties {
  const w = new Writer(100);
  w.u8(99);
  writeProperties(w, properties);
  const delivery = new Delivery();
  delivery.buffer = w.toBuffer();
  delivery.format = formatNumbers.amqp091;
  delivery.headAt = 1;
  delivery.headLength = delivery.buffer.length - 1;
  delivery.streamOffset = offset;
  const { bytes, end } = headOfStream(delivery);
  // Tables have no prototype.
  return structuredClone(readProperties(Buffer.from(bytes.subarray(0, end))));
}

const all: BasicProperties = {
  contentType: 'text/plain',
  contentEncoding: 'utf-8',
  headers: { a: text('1'), b: { type: 'table', value: { 'x-stream-offset': text('in') } } },
  deliveryMode: 2,
  priority: 3,
  messageId: 'm',
  appId: 'an app',
};

test('the offset is a header beside all properties of the message', () => {
  const offset = { type: 'long', value: 2 ** 40 + 5 } as const;
  const { headers: _, ...without } = all;
  const cases: BasicProperties[] = [{}, { deliveryMode: 2 }, without, all, { headers: {} }];
  for (const properties of cases) {
    const headers = { ...properties.headers, 'x-stream-offset': offset };
    const expected = { ...properties, headers };
    assert.deepEqual(seen(properties, 2 ** 40 + 5), expected);
  }
});

test('the offset replaces that of another stream', () => {
  const headers = {
    a: text('1'),
    'x-stream-offset': { type: 'long', value: 7 } as const,
    z: text(''),
  };
  const found = seen({ ...all, headers }, 0).headers;
  assert.deepEqual(found, { ...headers, 'x-stream-offset': { type: 'long', value: 0 } });
});

test('a long head has the offset too', () => {
  const headers = { long: text('x'.repeat(10_000)) };
  const found = seen({ ...all, headers }, 3).headers;
  assert.deepEqual(found, { ...headers, 'x-stream-offset': { type: 'long', value: 3 } });
});
