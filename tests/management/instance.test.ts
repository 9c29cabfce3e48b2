import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readRabbitMqSettings } from '../../src/control/configurations/rabbitmq/cuttlefish.ts';
import { configuredOptions } from '../../src/engines/waxwing/rabbitmq/configured-limits.ts';
import {
  instanceRoom,
  instanceSettings,
} from '../../src/engines/waxwing/rabbitmq/instance-settings.ts';
import { ManagementHost } from './management-host.ts';

// What a new broker of RabbitMQ's type has because of its version and instance type.

const medium = { hostInstanceType: 'mq.m7g.medium', engineVersion: '4.2' };
const operatorPolicy = 'default_operator_policy_AWS_managed';
const defaultPolicy = 'AWS-DEFAULT-POLICY-SINGLE-INSTANCE';

const configured = readRabbitMqSettings(
  'cluster_queue_limit = 3\nconnection_max = 9000\nruntime_parameters.limits.shovel = 0',
  4,
);

let host: ManagementHost;
before(async () => {
  host = await ManagementHost.open('4.2', configured, instanceSettings(medium, true));
});
after(() => host.close());

const names = async (path: string) => {
  const found = await host.json<{ vhost: string; name: string }[]>('GET', path);
  return found.map(({ vhost, name }) => `${vhost} ${name}`);
};

test("a new broker has Amazon MQ's policies; new virtual hosts only the operator policy", async () => {
  assert.equal((await host.call('PUT', '/api/vhosts/other')).status, 201);
  assert.deepEqual(await names('/api/policies'), [`/ ${defaultPolicy}`]);
  assert.deepEqual(await names('/api/operator-policies'), [
    `/ ${operatorPolicy}`,
    `other ${operatorPolicy}`,
  ]);
  const classic = { durable: true, arguments: { 'x-queue-type': 'classic' } };
  await host.call('PUT', '/api/queues/%2F/classic', classic);
  const shown = async () => {
    const queue = await host.json('GET', '/api/queues/%2F/classic');
    const { policy, operator_policy: operator, effective_policy_definition: definition } = queue;
    return { policy, operator, definition };
  };
  assert.deepEqual(await shown(), {
    policy: defaultPolicy,
    operator: operatorPolicy,
    definition: { 'queue-mode': 'lazy', 'queue-version': 2 },
  });
  // The priority is 0, as that of the default policy.
  const own = { pattern: '.*', definition: { 'max-length': 7 } };
  await host.call('PUT', '/api/policies/%2F/zz', own);
  assert.equal((await shown()).policy, 'zz');
  await host.call('DELETE', '/api/policies/%2F/zz');
  assert.equal((await host.call('DELETE', `/api/policies/%2F/${defaultPolicy}`)).status, 204);
  assert.equal((await shown()).policy, null);
});

test('operator policies are changed only if the configuration permits it', async () => {
  const policy = { pattern: '.*', definition: { 'max-length': 1 } };
  for (const method of ['PUT', 'DELETE']) {
    const path = `/api/operator-policies/%2F/${operatorPolicy}`;
    const { status, text } = await host.call(method, path, policy);
    assert.equal(status, 405);
    assert.match(text, /Broker settings disallow editing of operator policies\./);
  }
});

test('the limits of an instance type apply, and a configuration changes them up to the maximum', async () => {
  const room = { memoryBytesMax: undefined, diskReserveBytes: 0 };
  const instance = instanceSettings(medium, true);
  const { limits = {} } = configuredOptions({ rabbitMq: configured, instance, room });
  const { queueCountSum, connectionCountMax, channelCountMax, bodyBytesMax } = limits;
  assert.deepEqual(
    [queueCountSum, connectionCountMax, channelCountMax, bodyBytesMax],
    [3, 300, 500, 524_288],
  );
  for (const name of ['a', 'b', 'c']) await host.call('PUT', `/api/queues/%2F/${name}`, {});
  const refused = await host.call('PUT', '/api/queues/%2F/d', {});
  assert.equal(refused.status, 400);
  assert.match(refused.text, /queue limit in cluster \(3\) is reached/);
  const shovel = {
    'src-uri': 'amqp://',
    'src-queue': 'a',
    'dest-uri': 'amqp://',
    'dest-queue': 'b',
  };
  const { status, text } = await host.call('PUT', '/api/parameters/shovel/%2F/s', {
    value: shovel,
  });
  assert.equal(status, 400);
  assert.match(text, /component shovel is limited to 0/);
});

test('the memory and the disk space of an instance type apply', () => {
  const room = { memoryBytesMax: undefined, diskReserveBytes: 50 };
  const gib = 1024 ** 3;
  assert.deepEqual(instanceRoom(room, medium, 100 * gib), {
    memoryBytesMax: Math.floor(1.8 * gib),
    diskReserveBytes: 10 * gib,
  });
  assert.equal(instanceRoom(room, medium, gib).memoryBytesMax, gib);
});

test('without these limits, a new broker has the policies and no limit', () => {
  const { limits, initialSettings } = instanceSettings({ ...medium, engineVersion: '3.13' }, false);
  assert.deepEqual([limits, initialSettings.limits], [undefined, {}]);
  const { 'max-connections': max } = instanceSettings({ ...medium, engineVersion: '3.13' }, true)
    .initialSettings.limits;
  assert.equal(max, 100);
});
