import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainFormat } from '../../../tests/support/plain-format.ts';
import { Delivery } from '../subscription.ts';
import { converted } from './converted.ts';
import type { EncodedMessage } from './properties.ts';

/** The size that a conversion is counted with, for a head and a body of some size. */
function countedBytes(headBytes: number, bodyBytes: number): number {
  const delivery = new Delivery();
  const empty = JSON.stringify({ expiration: '' }).length;
  const head = JSON.stringify({ expiration: '9'.repeat(Math.max(0, headBytes - empty)) });
  delivery.buffer = Buffer.from(head + 'b'.repeat(bodyBytes));
  delivery.headLength = head.length;
  delivery.bodyAt = head.length;
  delivery.bodyLength = bodyBytes;
  delivery.format = 1;
  converted(delivery, plainFormat, plainFormat, 100_000);
  return delivery.convertedBytes;
}

test('a conversion is counted with its body, and a large head more than that', () => {
  assert.equal(countedBytes(100, 5000), 5000);
  assert.equal(countedBytes(100, 0), 0);
  // One message with such a head is about what one turn may deliver.
  assert.ok(countedBytes(64 * 1024, 0) > 1024 * 1024);
});

test('a costly conversion is made once for deliveries with the same bytes, formats and limit', () => {
  let count = 0;
  const from = {
    ...plainFormat,
    toProperties: (message: EncodedMessage) => {
      count++;
      return plainFormat.toProperties(message);
    },
  };
  const bodyBytes = 20_000;
  const convert = (byte: string, to = plainFormat, headBytesMax = 1000) => {
    const delivery = new Delivery();
    delivery.buffer = Buffer.from(`{}${byte.repeat(bodyBytes)}`);
    delivery.headLength = 2;
    delivery.bodyAt = 2;
    delivery.bodyLength = bodyBytes;
    const copy = converted(delivery, from, to, headBytesMax);
    assert.equal(String(copy.buffer.subarray(copy.bodyAt)), byte.repeat(bodyBytes));
    assert.equal(delivery.convertedBytes, bodyBytes);
    return count;
  };
  assert.equal(convert('a'), 1);
  assert.equal(convert('a'), 1);
  assert.equal(convert('b'), 2, 'another message');
  assert.equal(convert('b', plainFormat, 999), 3, 'another limit');
  const other = { ...plainFormat };
  assert.equal(convert('b', other), 4, 'another format');
  assert.equal(convert('b', other), 4);
  assert.equal(convert('b', plainFormat, 999), 4, 'each format has its own result');
  assert.equal(convert('a'), 4, 'several messages are kept');
  for (const byte of 'cdefghijklmnopqr') convert(byte);
  assert.equal(convert('a'), 21, 'but not more than a few');
});
