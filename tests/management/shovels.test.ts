import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertContains } from '../support/contains.ts';
import { administrator, ManagementHost } from './management-host.ts';

// Shovels through the management API, in their own thread, over TLS.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open();
  await host.json('PUT', '/api/vhosts/other');
  await host.json('PUT', '/api/permissions/other/admin', {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
});

after(() => host.close());

/** The broker itself over TLS, so that the thread also dials. */
const remote = () => `${host.amqpUrl(administrator).replace('127.0.0.1', 'localhost')}/other`;

const put = (name: string, value: object, options = {}) =>
  host.call('PUT', `/api/parameters/shovel/%2F/${name}`, { value }, options);

interface Shovel {
  readonly name: string;
  readonly state: string;
  readonly reason?: string;
  readonly [field: string]: unknown;
}

/** Asks until a condition holds. */
async function eventually<Value>(
  ask: () => Promise<Value>,
  holds: (value: Value) => boolean,
): Promise<Value> {
  for (let tries = 0; ; tries++) {
    const value = await ask();
    if (holds(value)) return value;
    if (tries > 400) throw new Error(`still ${JSON.stringify(value)}\n${host.lines.join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const status = (name: string) => host.json<Shovel>('GET', `/api/shovels/vhost/%2F/${name}`);
const running = (name: string) =>
  eventually(
    () => status(name),
    ({ state }) => state === 'running',
  );

test('a shovel moves messages over TLS until it deletes itself', async () => {
  const client = await host.connect();
  await client.publish('from', ['one', 'two', 'three']);
  const value = {
    'src-uri': 'amqp://',
    'src-queue': 'from',
    'dest-uri': remote(),
    'dest-queue': 'arrived',
    'src-delete-after': 'queue-length',
  };
  assert.equal((await put('once', value)).status, 201);
  await eventually(
    () => host.json<Shovel[]>('GET', '/api/shovels'),
    (list) => list.every(({ name }) => name !== 'once'),
  );
  await eventually(
    () => host.json<{ messages: number }>('GET', '/api/queues/other/arrived'),
    ({ messages }) => messages === 3,
  );
  assert.deepEqual(await client.take('from'), []);
  assert.equal((await host.call('GET', '/api/parameters/shovel/%2F/once')).status, 404);
  await client.close();
});

test('the status has the fields of RabbitMQ, and a password is nowhere', async () => {
  const value = {
    'src-uri': remote(),
    'src-exchange': 'amq.topic',
    'src-exchange-key': 'a.#',
    'dest-uri': 'amqp://',
    'dest-exchange': 'amq.fanout',
  };
  assert.equal((await put('shown', value)).status, 201);
  const found = await running('shown');
  const port = host.broker.ports['amqps'];
  assertContains(found, {
    name: 'shown',
    vhost: '/',
    type: 'dynamic',
    state: 'running',
    src_uri: `amqps://localhost:${port}/other`,
    src_protocol: 'amqp091',
    src_exchange: 'amq.topic',
    src_exchange_key: 'a.#',
    dest_uri: 'amqp://',
    dest_protocol: 'amqp091',
    dest_exchange: 'amq.fanout',
  });
  assert.match(String(found['timestamp']), /^\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d$/);
  for (const path of [
    '/api/shovels',
    '/api/shovels/%2F',
    '/api/parameters',
    '/api/parameters/shovel/%2F/shown',
    '/api/definitions',
    '/api/definitions/%2F',
    '/api/connections',
    '/api/overview',
  ]) {
    const { text } = await host.call('GET', path);
    assert.doesNotMatch(text, /password%20of|password of/, path);
  }
  assert.doesNotMatch(host.lines.join('\n'), /password%20of|password of/);
  assert.match(host.lines.join('\n'), /shovel 'shown' in vhost '\/' runs: amqps:\/\/localhost/);
});

test('a parameter that was read can be written again, and keeps its password', async () => {
  const path = '/api/parameters/shovel/%2F/shown';
  const { value } = await host.json<{ value: Record<string, unknown> }>('GET', path);
  assert.match(String(value['src-uri']), /^amqps:\/\/admin:\*\*\*@localhost/);
  assert.equal((await put('shown', { ...value, 'dest-exchange': 'amq.direct' })).status, 204);
  assert.equal((await running('shown'))['dest_exchange'], 'amq.direct');
  const refused = await put('stolen', value);
  assert.equal(refused.status, 400);
  assert.match(refused.text, /is masked, and no stored shovel of this name has the same URI/);
  const definitions = await host.json('GET', '/api/definitions');
  assert.equal((await host.call('POST', '/api/definitions', definitions)).status, 204);
  await running('shown');
});

test('a shovel is restarted and deleted', async () => {
  const path = '/api/shovels/vhost/%2F/shown';
  const before = await host.json<{ name: string }[]>('GET', '/api/connections?columns=name');
  assert.equal((await host.call('DELETE', `${path}/restart`)).status, 204);
  await running('shown');
  await eventually(
    () => host.json<{ name: string }[]>('GET', '/api/connections?columns=name'),
    (now) => now.every(({ name }) => !before.some((old) => old.name === name)),
  );
  assert.equal((await host.call('DELETE', path)).status, 204);
  assert.equal((await host.call('GET', path)).status, 404);
  assert.equal((await host.call('DELETE', path)).status, 404);
  assert.equal((await host.call('DELETE', `${path}/restart`)).status, 404);
  await eventually(
    () => host.json<unknown[]>('GET', '/api/connections'),
    (list) => list.length === 0,
  );
});

test('a failure is shown with its reason, and the shovel tries again', async () => {
  const value = {
    'src-uri': `amqps://admin:wrong@localhost:${host.broker.ports['amqps']}`,
    'src-queue': 'from',
    'dest-uri': 'amqp://',
    'dest-queue': 'arrived',
    'reconnect-delay': 1,
  };
  await put('wrong', value);
  const { reason } = await eventually(
    () => status('wrong'),
    ({ state }) => state === 'terminated',
  );
  assert.match(
    reason ?? '',
    /^source amqps:\/\/localhost:\d+: 403 ACCESS_REFUSED - Login was refused/,
  );
  assert.equal((await put('wrong', { ...value, 'src-uri': remote() })).status, 204);
  await running('wrong');
  await host.json('DELETE', '/api/shovels/vhost/%2F/wrong');
});

test('the deletion of a virtual host ends its shovels', async () => {
  await host.json('PUT', '/api/vhosts/short');
  const value = {
    'src-uri': 'amqp://',
    'src-queue': 'a',
    'dest-uri': 'amqp://',
    'dest-queue': 'b',
  };
  await host.json('PUT', '/api/permissions/short/admin', { configure: '', write: '', read: '' });
  await host.json('PUT', '/api/parameters/shovel/short/s', { value });
  await eventually(
    () => host.json<Shovel>('GET', '/api/shovels/vhost/short/s'),
    ({ state }) => state === 'running',
  );
  await host.json('DELETE', '/api/vhosts/short');
  assert.deepEqual(await host.json('GET', '/api/shovels'), []);
});

test('who may not use a virtual host creates no shovel that does', async () => {
  await host.json('PUT', '/api/users/maker', { password: 'm', tags: 'policymaker' });
  await host.json('PUT', '/api/permissions/%2F/maker', { configure: '', write: '', read: '' });
  const value = {
    'src-uri': 'amqp:///other',
    'src-queue': 'arrived',
    'dest-uri': 'amqp://',
    'dest-queue': 'mine',
  };
  const refused = await put('thief', value, { user: 'maker:m' });
  assert.equal(refused.status, 400);
  assert.match(refused.text, /user \\"maker\\" may not connect to vhost \\"other\\"/);
  const plain = { ...value, 'src-uri': 'amqp://u:geheim@example.org' };
  const unsealed = await put('plain', plain, { user: 'maker:m' });
  assert.equal(unsealed.status, 400);
  assert.match(unsealed.text, /amqp:\/\/example.org is not encrypted; only amqps/);
  assert.doesNotMatch(unsealed.text, /geheim/);
});
