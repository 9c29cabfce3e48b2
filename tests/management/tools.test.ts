import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertContains } from '../support/contains.ts';
import { ManagementHost } from './management-host.ts';

// The calls that other programs make, in their order, and the members of the answers that they read.
// Programs that run here are in tests of their own; those that are not downloaded run in tests/interop.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open();
});

after(() => host.close());

test('the calls of the Terraform provider for RabbitMQ work, and a repetition sees no change', async () => {
  const steps: readonly (readonly [path: string, body: object, read: object])[] = [
    ['vhosts/tf', { description: '', tracing: false }, { name: 'tf', tracing: false }],
    ['users/tf', { password: 'secret', tags: 'management,policymaker' }, { name: 'tf' }],
    [
      'permissions/tf/tf',
      { configure: '.*', write: '.*', read: '^q' },
      { user: 'tf', vhost: 'tf', configure: '.*', write: '.*', read: '^q' },
    ],
    ['permissions/tf/admin', { configure: '.*', write: '.*', read: '.*' }, { user: 'admin' }],
    [
      'exchanges/tf/x',
      {
        type: 'fanout',
        durable: true,
        auto_delete: false,
        arguments: { 'alternate-exchange': 'y' },
      },
      { name: 'x', type: 'fanout', durable: true, arguments: { 'alternate-exchange': 'y' } },
    ],
    [
      'queues/tf/q',
      { durable: true, auto_delete: false, arguments: { 'x-max-length': 5 } },
      { name: 'q', durable: true, arguments: { 'x-max-length': 5 }, type: 'classic' },
    ],
    [
      'policies/tf/p',
      { pattern: '.*', priority: 0, 'apply-to': 'queues', definition: { 'max-length': 7 } },
      { name: 'p', vhost: 'tf', definition: { 'max-length': 7 } },
    ],
    [
      'operator-policies/tf/o',
      { pattern: '.*', priority: 0, 'apply-to': 'queues', definition: { expires: 900_000 } },
      { name: 'o', vhost: 'tf', definition: { expires: 900_000 } },
    ],
    [
      'parameters/shovel/tf/s',
      {
        value: {
          'src-uri': 'amqp:///tf',
          'src-queue': 'q',
          'dest-uri': 'amqp:///tf',
          'dest-queue': 'r',
          'ack-mode': 'on-confirm',
          'reconnect-delay': 5,
        },
      },
      { component: 'shovel', name: 's', vhost: 'tf' },
    ],
    [
      'parameters/federation-upstream/tf/f',
      { value: { uri: 'amqps://u:p@elsewhere', 'prefetch-count': 10 } },
      { component: 'federation-upstream', name: 'f' },
    ],
    ['vhost-limits/tf/max-queues', { value: 10 }, {}],
  ];
  for (const repeated of [false, true]) {
    for (const [path, body, read] of steps) {
      const { status, text } = await host.call('PUT', `/api/${path}`, body);
      assert.ok(status === (repeated ? 204 : 201) || status === 204, `${path}: ${status} ${text}`);
      if (Object.keys(read).length === 0) continue;
      assertContains(await host.json('GET', `/api/${path}`), read);
    }
    assert.equal(
      (
        await host.call('PUT', '/api/topic-permissions/tf/tf', {
          exchange: 'amq.topic',
          write: '.*',
          read: '.*',
        })
      ).status,
      repeated ? 204 : 201,
    );
  }
  const binding = '/api/bindings/tf/e/x/q/q';
  const posted = await host.call('POST', binding, { routing_key: 'k', arguments: { n: 1 } });
  assert.equal(posted.status, 201);
  assert.match(String(posted.headers['location']), /^q\/k~/);
  const [found] = await host.json<{ properties_key: string }[]>('GET', binding);
  assert.equal(`q/${found?.properties_key}`, posted.headers['location']);
  assert.equal((await host.call('DELETE', `${binding}/${found?.properties_key}`)).status, 204);
  for (const [path] of steps.toReversed()) {
    assert.equal((await host.call('DELETE', `/api/${path}`)).status, 204, path);
  }
  assert.equal((await host.call('GET', '/api/vhosts/tf')).status, 404);
});

test('Ansible and others find bindings by keys that they quote once or twice', async () => {
  await host.json('PUT', '/api/queues/%2F/bound', {});
  for (const key of ['order.*', 'a b+c/d', '50%', '~', 'é', '%41']) {
    await host.json('POST', '/api/bindings/%2F/e/amq.topic/q/bound', { routing_key: key });
  }
  const path = '/api/bindings/%2F/e/amq.topic/q/bound';
  for (const [quoted, key] of [
    ['order.%2A', 'order.*'],
    ['order.*', 'order.*'],
    ['order.%252A', 'order.*'],
    ['a%2Bb%252Bc%252Fd', 'a b+c/d'],
    ['a%20b%252Bc%2Fd', 'a b+c/d'],
    ['50%25', '50%'],
    ['50%2525', '50%'],
    ['%257E', '~'],
    ['%C3%A9', 'é'],
    ['%25C3%25A9', 'é'],
    ['%252541', '%41'],
  ]) {
    assertContains(await host.json('GET', `${path}/${quoted}`), { routing_key: key }, quoted);
  }
  for (const absent of ['order', '~', '~~', 'order.*~', '%25', '%2541']) {
    assert.equal((await host.call('GET', `${path}/${absent}`)).status, 404, absent);
  }
  assert.equal((await host.call('DELETE', `${path}/order.*`)).status, 204);
  assert.equal((await host.call('DELETE', '/api/queues/%2F/bound')).status, 204);
});

test("KEDA's scaler finds the length and the rate of queues", async () => {
  const client = await host.connect();
  await client.publish('work', ['a', 'b', 'c']);
  await client.publish('worker', ['d']);
  const one = await host.json('GET', '/api/queues/%2F/work');
  assertContains(one, {
    name: 'work',
    messages: 3,
    messages_unacknowledged: 0,
    message_stats: { publish_details: {} },
  });
  const stats = one['message_stats'] as { publish_details: { rate: unknown } };
  assert.equal(typeof stats.publish_details.rate, 'number');
  const query = 'page=1&use_regex=true&pagination=false&name=%5Ework&page_size=100';
  const many = await host.json<{ items: { name: string; messages: number }[] }>(
    'GET',
    `/api/queues/%2F?${query}`,
  );
  assert.deepEqual(
    many.items.map(({ name, messages }) => [name, messages]),
    [
      ['work', 3],
      ['worker', 1],
    ],
  );
  await client.close();
});

test("health checks of Spring and of load balancers pass, and Prometheus' scrape is text", async () => {
  const client = await host.connect();
  const { serverProperties } = client.model.connection;
  // RabbitHealthIndicator reports the version.
  assert.match(String(serverProperties['version']), /^\d+\.\d+/);
  await client.close();
  for (const path of [
    '/api/healthchecks/node',
    '/api/health/checks/alarms',
    '/api/health/checks/local-alarms',
    '/api/health/checks/virtual-hosts',
    '/api/health/checks/node-is-quorum-critical',
    `/api/health/checks/port-listener/${host.broker.ports['amqps']}`,
    '/api/aliveness-test/%2F',
  ]) {
    assertContains(await host.json('GET', path), { status: 'ok' }, path);
  }
  const scrape = await host.call('GET', '/metrics', undefined, {
    headers: {
      Accept: 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'X-Prometheus-Scrape-Timeout-Seconds': '10',
    },
  });
  assert.equal(scrape.status, 200);
  assert.match(String(scrape.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(scrape.text, /^rabbitmq_identity_info\{/m);
});

test('monitoring with the names of Datadog, Zabbix and others finds its members', async () => {
  const overview = await host.json('GET', '/api/overview');
  assertContains(overview, {
    object_totals: { connections: 0, channels: 0, consumers: 0 },
    queue_totals: {},
    cluster_name: 'managed',
  });
  const [node] = await host.json<Record<string, unknown>[]>('GET', '/api/nodes');
  for (const member of [
    'name',
    'running',
    'mem_used',
    'mem_limit',
    'mem_alarm',
    'disk_free',
    'disk_free_limit',
    'disk_free_alarm',
    'fd_used',
    'fd_total',
    'sockets_used',
    'proc_used',
    'run_queue',
    'uptime',
    'partitions',
  ]) {
    assert.ok(node !== undefined && Object.hasOwn(node, member), member);
  }
});
