import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../tests/support/bare-broker.ts';
import { readQueueArguments } from './queue-options.ts';

const version = (value: number) => ({ 'x-queue-version': { type: 'signedint', value } }) as const;

test('a recovered queue is not validated against the rules for new queues', async () => {
  const before = await BareBroker.open();
  const options = { durable: true, exclusive: false, autoDelete: false };
  before.vhost.addQueue('old', { ...options, arguments: version(3) }, undefined);
  before.log.syncNow();
  const after = await BareBroker.open(before);
  assert.ok(after.vhost.queues.has('old'));
  assert.throws(() => after.queue('new', version(3)), /unsupported queue version '3'/);
  assert.ok(after.queue('new', version(2)));
});

test('a length limit can be any non-negative 64-bit integer', () => {
  const read = (value: string | number) =>
    readQueueArguments({ 'x-max-length': { type: 'long', value } }, "queue 'q' in vhost '/'");
  assert.equal(read('9223372036854775807').lengthMax, 2 ** 63);
  assert.equal(read(2 ** 52).lengthMax, 2 ** 52);
  assert.throws(() => read('-9223372036854775808'), /value_negative,-9223372036854775808/);
});
