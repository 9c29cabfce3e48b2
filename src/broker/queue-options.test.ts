import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../tests/support/bare-broker.ts';

const version = (value: number) => ({ 'x-queue-version': { type: 'signedint', value } }) as const;

test('a queue that is read back is not held to rules for new ones', async () => {
  const before = await BareBroker.open();
  const options = { durable: true, exclusive: false, autoDelete: false };
  before.vhost.addQueue('old', { ...options, arguments: version(3) }, undefined);
  before.log.syncNow();
  const after = await BareBroker.open(before);
  assert.ok(after.vhost.queues.has('old'));
  assert.throws(() => after.queue('new', version(3)), /unsupported queue version '3'/);
  assert.ok(after.queue('new', version(2)));
});
