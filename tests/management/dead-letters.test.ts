import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../support/processes.ts';
import { ManagementHost } from './management-host.ts';

// Quorum queues with dead letters that are not lost and with delayed retries, as AMQP and the management API
// show them.

let host: ManagementHost;
before(async () => {
  host = await ManagementHost.open('4.3');
});
after(() => host.close());

const show = (name: string) => host.json('GET', `/api/queues/%2F/${name}`);

test('a policy makes dead letters wait for their target, which the management API shows', async () => {
  const definition = {
    'dead-letter-exchange': 'dlx',
    'dead-letter-strategy': 'at-least-once',
    overflow: 'reject-publish',
    'delivery-limit': 3,
  };
  await host.json('PUT', '/api/policies/%2F/safe', { pattern: '^safe$', definition });
  await host.json('PUT', '/api/queues/%2F/safe', { durable: true });
  const bad = { pattern: 'x', definition: { 'dead-letter-strategy': 'sometimes' } };
  const refused = await host.call('PUT', '/api/policies/%2F/bad', bad);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /sometimes\\?" is not a valid dead letter strategy/);
  const client = await host.connect();
  const channel = await client.model.createConfirmChannel();
  channel.sendToQueue('safe', Buffer.from('letter'));
  await channel.waitForConfirms();
  const message = await channel.get('safe');
  assert.ok(message !== false);
  channel.reject(message, false);
  await until('it is held', async () => (await show('safe'))['messages_dlx'] === 1);
  const shown = await show('safe');
  assert.deepEqual(
    [shown['messages'], shown['messages_ready'], shown['message_bytes_dlx']],
    [1, 0, 'letter'.length],
  );
  assert.equal(shown['delivery_limit'], 3);
  await channel.assertExchange('dlx', 'fanout', { durable: true });
  await channel.assertQueue('dead', { durable: true });
  await channel.bindQueue('dead', 'dlx', '');
  await until('it is dead-lettered', async () => (await show('dead'))['messages_ready'] === 1);
  assert.equal((await show('safe'))['messages'], 0);
  await client.close();
});

test('delayed messages are shown', async () => {
  const args = {
    'x-queue-type': 'quorum',
    'x-delayed-retry-type': 'all',
    'x-delayed-retry-min': 600_000,
  };
  await host.json('PUT', '/api/queues/%2F/later', { durable: true, arguments: args });
  const refused = await host.call('PUT', '/api/queues/%2F/bad', {
    durable: true,
    arguments: { ...args, 'x-delayed-retry-type': 'sometimes' },
  });
  assert.equal(refused.status, 400);
  const client = await host.connect();
  const channel = await client.model.createConfirmChannel();
  channel.sendToQueue('later', Buffer.from('m'));
  await channel.waitForConfirms();
  const message = await channel.get('later');
  assert.ok(message !== false);
  channel.nack(message, false, true);
  await until('it is delayed', async () => (await show('later'))['messages_delayed'] === 1);
  const { delayed_retry: text, next_delayed_at: next, ...counts } = await show('later');
  assert.equal(text, 'all (min: 600000ms, max: 600000ms)');
  assert.ok(Number(next) > Date.now() + 500_000);
  assert.deepEqual(
    [counts['messages'], counts['messages_ready'], counts['messages_unacknowledged']],
    [1, 0, 0],
  );
  await client.close();
});
