import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainFormat } from '../../../tests/support/plain-format.ts';
import { Delivery } from '../subscription.ts';
import { converted } from './converted.ts';

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
