import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isLong } from '../support/proof.ts';
import { ManagementHost } from './management-host.ts';
import { missing, RealRabbitMq } from './real-rabbitmq.ts';

// Export and import of definitions.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open();
});

after(() => host.close());

interface Definitions {
  readonly [section: string]: readonly Readonly<Record<string, unknown>>[];
}

/** Definitions as RabbitMQ exports them. */
const exported = {
  rabbit_version: '3.10.8',
  rabbitmq_version: '3.10.8',
  product_name: 'RabbitMQ',
  product_version: '3.10.8',
  users: [
    {
      name: 'imported',
      // The password is `foo`.
      password_hash: 'AQIDBJ/guPNtBcrh0cHNaZOAuyPsxUVdld4SGSrOiPKGlSct',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['management'],
      limits: {},
    },
  ],
  vhosts: [{ name: 'shop', description: 'd', tags: [], metadata: { description: 'd', tags: [] } }],
  permissions: [{ user: 'imported', vhost: 'shop', configure: '.*', write: '.*', read: '.*' }],
  topic_permissions: [],
  parameters: [
    { component: 'vhost-limits', name: 'limits', value: { 'max-queues': 9 }, vhost: 'shop' },
  ],
  global_parameters: [{ name: 'cluster_name', value: 'imported' }],
  policies: [
    {
      vhost: 'shop',
      name: 'p',
      pattern: '^o',
      'apply-to': 'queues',
      definition: { 'max-length': 7 },
      priority: 1,
    },
  ],
  queues: [
    {
      name: 'orders',
      vhost: 'shop',
      durable: true,
      auto_delete: false,
      arguments: { 'x-queue-type': 'quorum' },
    },
  ],
  exchanges: [
    {
      name: 'events',
      vhost: 'shop',
      type: 'topic',
      durable: true,
      auto_delete: false,
      internal: false,
      arguments: {},
    },
  ],
  bindings: [
    {
      source: 'events',
      vhost: 'shop',
      destination: 'orders',
      destination_type: 'queue',
      routing_key: 'order.*',
      arguments: {},
    },
  ],
};

test("RabbitMQ's definitions are imported, and exported again", async () => {
  assert.equal((await host.call('POST', '/api/definitions', exported)).status, 204);
  const user = 'imported:foo';
  const seen = await host.json<unknown[]>('GET', '/api/queues?columns=name,type', undefined, {
    user,
  });
  assert.deepEqual(seen, [{ name: 'orders', type: 'quorum' }]);
  const again = await host.json<Definitions>('GET', '/api/definitions');
  for (const section of ['permissions', 'policies', 'queues', 'exchanges', 'bindings'] as const) {
    assert.deepEqual(
      again[section]?.filter(({ vhost }) => vhost === 'shop'),
      exported[section],
    );
  }
  const found = again['users']?.find(({ name }) => name === 'imported');
  assert.equal(found?.['password_hash'], exported.users[0]?.password_hash);
  assert.deepEqual(await host.json('GET', '/api/vhost-limits/shop'), [
    { vhost: 'shop', value: { 'max-queues': 9 } },
  ]);
  assert.equal((await host.json('GET', '/api/cluster-name'))['name'], 'imported');
});

test('an export can be imported by another broker with all its users', async () => {
  const definitions = await host.call('GET', '/api/definitions?download=all.json');
  assert.equal(definitions.headers['content-disposition'], 'attachment; filename=all.json');
  const other = await ManagementHost.open();
  try {
    assert.equal((await other.call('POST', '/api/definitions', definitions.text)).status, 204);
    const { status } = await other.call('GET', '/api/whoami', undefined, { user: 'imported:foo' });
    assert.equal(status, 200);
    const again = await other.call('GET', '/api/definitions');
    // The user that imports keeps its password.
    const withoutPasswords = (text: string) =>
      text.replaceAll(/"waxwing_password_hash":"[^"]*"/g, '"waxwing_password_hash":""');
    assert.deepEqual(
      JSON.parse(withoutPasswords(again.text)),
      JSON.parse(withoutPasswords(definitions.text)),
    );
  } finally {
    await other.close();
  }
});

test('the definitions of one virtual host are imported into another', async () => {
  const one = await host.call('GET', '/api/definitions/shop');
  await host.json('PUT', '/api/vhosts/copy');
  assert.equal((await host.call('POST', '/api/definitions/copy', one.text)).status, 204);
  const [queue] = await host.json<{ name: string }[]>('GET', '/api/queues/copy');
  assert.equal(queue?.name, 'orders');
});

test('an import locks nobody out', async () => {
  const one = { name: 'kept', password: 'its password', tags: 'management' };
  await host.json('PUT', '/api/users/kept', one);
  await host.json('POST', '/api/definitions', {
    users: [
      { name: 'admin', password_hash: '', tags: [] },
      { name: 'kept', password_hash: '', tags: ['monitoring'] },
      { name: 'new', password_hash: '', tags: [] },
    ],
  });
  assert.deepEqual((await host.json('GET', '/api/users/admin'))['tags'], ['administrator']);
  const asKept = { user: 'kept:its password' };
  assert.deepEqual((await host.json('GET', '/api/whoami', undefined, asKept))['tags'], [
    'monitoring',
  ]);
  const changed = { ...exported.users[0], tags: ['monitoring'] };
  const users = [
    { ...changed, name: 'admin' },
    { ...changed, name: 'kept' },
  ];
  await host.json('POST', '/api/definitions', { users });
  assert.deepEqual((await host.json('GET', '/api/users/admin'))['tags'], [
    'monitoring',
    'administrator',
  ]);
  await host.json('GET', '/api/whoami', undefined, { user: 'kept:foo' });
});

test('a refused import names the entry, and nothing after it is imported', async () => {
  const queues = [
    { name: 'first', vhost: '/', durable: true, auto_delete: false, arguments: {} },
    {
      name: 'second',
      vhost: '/',
      durable: true,
      auto_delete: false,
      arguments: { 'x-expires': 0 },
    },
    { name: 'third', vhost: '/', durable: true, auto_delete: false, arguments: {} },
  ];
  const reply = await host.call('POST', '/api/definitions', { queues });
  assert.equal(reply.status, 400);
  assert.match(reply.text, /queues, entry 2: .*x-expires/);
  const statusOf = async (name: string) =>
    (await host.call('GET', `/api/queues/%2F/${name}`)).status;
  assert.deepEqual([await statusOf('first'), await statusOf('third')], [200, 404]);
  for (const body of ['[]', 'x', '{"queues":5}', '{"queues":[5]}', '{"queues":[{"name":"q"}]}']) {
    const refused = await host.call('POST', '/api/definitions', body);
    assert.ok(refused.status === 400 || refused.status === 404, `${body}: ${refused.text}`);
  }
  const unknown = await host.call('GET', '/api/definitions/none');
  assert.deepEqual(
    [unknown.status, JSON.parse(unknown.text)],
    [400, { error: 'bad_request', reason: 'vhost_not_found' }],
  );
});

test('only administrators export and import', async () => {
  await host.json('PUT', '/api/users/mon', { password: 'p', tags: 'monitoring,policymaker' });
  for (const path of ['/api/definitions', '/api/definitions/shop']) {
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? {} : undefined;
      const { status } = await host.call(method, path, body, { user: 'mon:p' });
      assert.equal(status, 401, `${method} ${path}`);
    }
  }
});

test('a real RabbitMQ imports an export, and its own export is imported here', {
  skip: isLong ? (missing ?? false) : 'only in long runs',
}, async () => {
  const rabbitMq = await RealRabbitMq.start();
  const other = await ManagementHost.open();
  try {
    const ours = await host.call('GET', '/api/definitions');
    const accepted = await rabbitMq.call('POST', '/api/definitions', ours.text);
    assert.equal(accepted.status, 204, accepted.text);
    const theirs = await rabbitMq.call('GET', '/api/definitions');
    const imported = await other.call('POST', '/api/definitions', theirs.text);
    assert.equal(imported.status, 204, imported.text);
    const names = async () =>
      (await other.json<{ name: string }[]>('GET', '/api/queues/shop')).map(({ name }) => name);
    assert.deepEqual(await names(), ['orders']);
  } finally {
    await other.close();
    await rabbitMq.stop();
  }
});
