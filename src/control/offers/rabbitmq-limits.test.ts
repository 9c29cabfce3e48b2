import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rabbitMqOffers } from './rabbitmq.ts';
import { rabbitMqInstance } from './rabbitmq-limits.ts';

test('every instance type and version that is offered has limits up to its maximum', () => {
  for (const { instanceTypes } of rabbitMqOffers) {
    for (const { name, engineVersions } of instanceTypes) {
      for (const version of engineVersions) {
        const found = rabbitMqInstance(name, version);
        assert.ok(found, name);
        assert.ok(found.memoryBytesMax > 0.3 * 1024 ** 3, name);
        const { defaults, maximum } = found;
        for (const [limit, value] of Object.entries(defaults)) {
          const most = maximum[limit as keyof typeof maximum] ?? 0;
          assert.ok(value > 0 && value <= most, `${name} ${version} ${limit}`);
        }
        assert.equal(found.vhost === undefined, version !== '3.13');
      }
    }
  }
});

test('the limits are those of Amazon MQ', () => {
  const medium = rabbitMqInstance('mq.m7g.medium', '4.2');
  assert.deepEqual(medium?.defaults, {
    connectionCountMax: 100,
    channelCountMax: 500,
    queueCountSum: 500,
    shovelCountMax: 30,
    vhostCountMax: 10,
    exchangeCountSum: 500,
    consumersPerChannelMax: 10,
    bodyBytesMax: 524_288,
  });
  assert.equal(medium.maximum.queueCountSum, 2500);
  const older = rabbitMqInstance('mq.m5.xlarge', '3.13');
  assert.deepEqual(older?.vhost, { 'max-queues': 30_000, 'max-connections': 8000 });
  assert.deepEqual(older.defaults, older.maximum);
  assert.equal(older.diskReserveBytes, 20 * 1024 ** 3);
  assert.equal(rabbitMqInstance('mq.m4.large', '3.13'), undefined);
});
