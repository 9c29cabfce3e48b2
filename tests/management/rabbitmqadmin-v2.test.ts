import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagementHost } from './management-host.ts';

// The calls of rabbitmqadmin v2, and the members of the answers without which it cannot read them. The program
// is written in Rust and cannot be built where these tests run.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open('4.2');
});

after(() => host.close());

type Members = Readonly<Record<string, 'text' | 'whole' | 'number' | 'flag' | 'object' | 'list'>>;

const kinds: Readonly<Record<Members[string], (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  whole: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  number: (value) => typeof value === 'number',
  flag: (value) => typeof value === 'boolean',
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  list: Array.isArray,
};

function assertMembers(value: object, members: Members, what: string): void {
  for (const [name, kind] of Object.entries(members)) {
    const found: unknown = Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
    assert.ok(kinds[kind](found), `${what}: ${name} is ${JSON.stringify(found)}, not a ${kind}`);
  }
}

const named = { name: 'text', vhost: 'text' } as const;

test('rabbitmqadmin v2 declares, binds, publishes and gets', async () => {
  const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'; // of RabbitMQ's documentation
  const steps: readonly (readonly [string, string, unknown])[] = [
    [
      'PUT',
      'vhosts/v2',
      { name: 'v2', description: 'd', default_queue_type: 'quorum', tracing: false },
    ],
    ['PUT', 'users/v2', { name: 'v2', password_hash: hash, tags: 'monitoring' }],
    [
      'PUT',
      'permissions/v2/v2',
      { user: 'v2', vhost: 'v2', configure: '.*', read: '.*', write: '.*' },
    ],
    [
      'PUT',
      'permissions/v2/admin',
      { user: 'admin', vhost: 'v2', configure: '.*', read: '.*', write: '.*' },
    ],
    [
      'PUT',
      'topic-permissions/v2/v2',
      { user: 'v2', vhost: 'v2', write: '.*', read: '.*', exchange: 'amq.topic' },
    ],
    [
      'PUT',
      'queues/v2/q',
      {
        name: 'q',
        durable: true,
        auto_delete: false,
        exclusive: false,
        arguments: { 'x-queue-type': 'quorum' },
      },
    ],
    ['PUT', 'exchanges/v2/x', { type: 'topic', durable: true, auto_delete: false }],
    ['POST', 'bindings/v2/e/x/q/q', { routing_key: 'a.*', arguments: {} }],
    ['POST', 'bindings/v2/e/x/e/amq.fanout', { routing_key: '' }],
    [
      'PUT',
      'policies/v2/p',
      {
        vhost: 'v2',
        name: 'p',
        pattern: '^q',
        'apply-to': 'quorum_queues',
        priority: 1,
        definition: { 'max-length': 5 },
      },
    ],
    [
      'PUT',
      'operator-policies/v2/o',
      {
        vhost: 'v2',
        name: 'o',
        pattern: '^q',
        'apply-to': 'queues',
        priority: 1,
        definition: { 'max-length': 4 },
      },
    ],
    ['PUT', 'vhost-limits/v2/max-queues', { value: 10 }],
    ['PUT', 'user-limits/v2/max-connections', { value: 10 }],
    ['PUT', 'global-parameters/g', { name: 'g', value: { a: 1 } }],
    ['PUT', 'cluster-name', { name: 'managed' }],
    ['PUT', 'feature-flags/stream_queue/enable', { name: 'stream_queue' }],
    ['POST', 'rebalance/queues', {}],
  ];
  for (const [method, path, body] of steps) {
    const { status, text } = await host.call(method, `/api/${path}`, body);
    assert.ok(status === 201 || status === 204, `${path}: ${status} ${text}`);
  }
  const unknown = await host.call('PUT', '/api/feature-flags/none/enable', { name: 'none' });
  assert.equal(unknown.status, 400);
  assert.deepEqual(
    await host.json('POST', '/api/exchanges/v2/x/publish', {
      routing_key: 'a.b',
      payload: 'text',
      payload_encoding: 'string',
      properties: {},
    }),
    { routed: true },
  );
  const [message] = await host.json<object[]>('POST', '/api/queues/v2/q/get', {
    count: 1,
    ackmode: 'ack_requeue_false',
    encoding: 'auto',
  });
  assertMembers(
    message ?? {},
    {
      payload_bytes: 'whole',
      redelivered: 'flag',
      exchange: 'text',
      routing_key: 'text',
      message_count: 'whole',
      payload: 'text',
      payload_encoding: 'text',
    },
    'a message',
  );
});

test('rabbitmqadmin v2 can read every list and object', async () => {
  const client = await host.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('used');
  await channel.consume('used', () => {});
  const queue: Members = {
    ...named,
    type: 'text',
    durable: 'flag',
    auto_delete: 'flag',
    exclusive: 'flag',
    arguments: 'object',
  };
  const exchange: Members = {
    ...named,
    type: 'text',
    durable: 'flag',
    auto_delete: 'flag',
    arguments: 'object',
  };
  const policy: Members = {
    ...named,
    pattern: 'text',
    'apply-to': 'text',
    priority: 'number',
    definition: 'object',
  };
  const permissions: Members = {
    user: 'text',
    vhost: 'text',
    configure: 'text',
    read: 'text',
    write: 'text',
  };
  const lists: readonly (readonly [string, Members])[] = [
    ['queues', queue],
    ['queues/detailed', queue],
    ['queues/v2', queue],
    ['exchanges', exchange],
    ['exchanges/v2', exchange],
    [
      'bindings',
      {
        vhost: 'text',
        source: 'text',
        destination: 'text',
        destination_type: 'text',
        routing_key: 'text',
        arguments: 'object',
        properties_key: 'text',
      },
    ],
    [
      'connections',
      {
        name: 'text',
        node: 'text',
        protocol: 'text',
        user: 'text',
        connected_at: 'whole',
        client_properties: 'object',
      },
    ],
    ['connections/username/admin', { name: 'text', node: 'text', user: 'text', vhost: 'text' }],
    [
      'channels',
      {
        ...named,
        number: 'whole',
        connection_details: 'object',
        state: 'text',
        consumer_count: 'whole',
        confirm: 'flag',
        prefetch_count: 'whole',
        messages_unacknowledged: 'whole',
        messages_unconfirmed: 'whole',
      },
    ],
    [
      'consumers',
      {
        consumer_tag: 'text',
        active: 'flag',
        ack_required: 'flag',
        prefetch_count: 'whole',
        exclusive: 'flag',
        arguments: 'object',
        consumer_timeout: 'whole',
        queue: 'object',
      },
    ],
    ['vhosts', { name: 'text' }],
    ['users', { name: 'text', tags: 'list', password_hash: 'text' }],
    ['users/without-permissions', {}],
    ['permissions', permissions],
    ['vhosts/v2/permissions', permissions],
    ['users/v2/permissions', permissions],
    [
      'topic-permissions',
      { user: 'text', vhost: 'text', exchange: 'text', read: 'text', write: 'text' },
    ],
    ['policies', policy],
    ['operator-policies/v2', policy],
    ['global-parameters', { name: 'text' }],
    ['vhost-limits', { vhost: 'text', value: 'object' }],
    ['user-limits', { user: 'text', value: 'object' }],
    [
      'feature-flags',
      {
        name: 'text',
        state: 'text',
        desc: 'text',
        doc_url: 'text',
        stability: 'text',
        provided_by: 'text',
      },
    ],
    [
      'nodes',
      {
        name: 'text',
        uptime: 'whole',
        run_queue: 'whole',
        processors: 'whole',
        os_pid: 'text',
        fd_total: 'whole',
        proc_total: 'whole',
        mem_limit: 'whole',
        mem_alarm: 'flag',
        disk_free_limit: 'whole',
        disk_free_alarm: 'flag',
        rates_mode: 'text',
        enabled_plugins: 'list',
        being_drained: 'flag',
      },
    ],
  ];
  for (const [path, members] of lists) {
    const items = await host.json<object[]>('GET', `/api/${path}`);
    assert.ok(items.length > 0 || Object.keys(members).length === 0, path);
    for (const item of items) assertMembers(item, members, path);
  }
  for (const path of ['parameters', 'shovels', 'deprecated-features', 'deprecated-features/used']) {
    assert.ok(Array.isArray(await host.json<unknown>('GET', `/api/${path}`)), path);
  }
  const overview = await host.json('GET', '/api/overview');
  assertMembers(
    overview,
    {
      cluster_name: 'text',
      node: 'text',
      erlang_full_version: 'text',
      erlang_version: 'text',
      rabbitmq_version: 'text',
      product_name: 'text',
      product_version: 'text',
      statistics_db_event_queue: 'whole',
      queue_totals: 'object',
      message_stats: 'object',
      listeners: 'list',
    },
    'overview',
  );
  assertMembers(
    overview['churn_rates'] as object,
    {
      connection_created: 'whole',
      connection_closed: 'whole',
      queue_declared: 'whole',
      queue_created: 'whole',
      queue_deleted: 'whole',
      channel_created: 'whole',
      channel_closed: 'whole',
    },
    'churn_rates',
  );
  assertMembers(
    await host.json('GET', '/api/definitions'),
    {
      users: 'list',
      vhosts: 'list',
      permissions: 'list',
      parameters: 'list',
      policies: 'list',
      queues: 'list',
      exchanges: 'list',
      bindings: 'list',
    },
    'definitions',
  );
  await client.close();
});

test('what rabbitmqadmin v2 can ask for and brokers do not have is not found', async () => {
  // Plugins of RabbitMQ that are not installed, and commercial ones.
  for (const path of [
    'stream/connections',
    'stream/publishers',
    'stream/consumers',
    'federation-links',
    'replication/status',
    'tanzu/osr/schema/status',
  ]) {
    assert.equal((await host.call('GET', `/api/${path}`)).status, 404, path);
  }
});

test('rabbitmqadmin v2 deletes what it declared', async () => {
  for (const path of [
    'global-parameters/g',
    'user-limits/v2/max-connections',
    'vhost-limits/v2/max-queues',
    'operator-policies/v2/o',
    'policies/v2/p',
    'bindings/v2/e/x/q/q/a.%2A',
    'queues/v2/q/contents',
    'queues/v2/q',
    'exchanges/v2/x',
    'topic-permissions/v2/v2',
    'permissions/v2/v2',
    'vhosts/v2',
  ]) {
    assert.equal((await host.call('DELETE', `/api/${path}`)).status, 204, path);
  }
  assert.equal((await host.call('POST', '/api/users/bulk-delete', { users: ['v2'] })).status, 204);
});
