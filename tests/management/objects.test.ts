import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagementHost } from './management-host.ts';

// Queues, exchanges, bindings and messages in the management API.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open();
});

after(() => host.close());

const publish = (body: unknown) =>
  host.call('POST', '/api/exchanges/%2F/amq.default/publish', body);
const get = (queue: string, body: unknown) =>
  host.call('POST', `/api/queues/%2F/${queue}/get`, body);
const message = (routingKey: string, payload = 'hello', properties: unknown = {}) => ({
  routing_key: routingKey,
  payload,
  payload_encoding: 'string',
  properties,
});

test('a queue is declared, described, purged and deleted', async () => {
  const path = '/api/queues/%2F/life';
  const body = { durable: true, auto_delete: false, arguments: { 'x-max-length': 3 } };
  assert.equal((await host.call('PUT', path, body)).status, 201);
  assert.equal((await host.call('PUT', path, body)).status, 204);
  const other = await host.call('PUT', path, { ...body, durable: false });
  assert.equal(other.status, 400);
  assert.match(other.text, /inequivalent arg 'durable' for queue 'life' in vhost '\/'/);
  for (let i = 0; i < 5; i++) await publish(message('life', `m${i}`));
  const described = await host.json('GET', path);
  const { name, vhost, type, durable, messages, arguments: args, node, state } = described;
  assert.deepEqual(
    { name, vhost, type, durable, messages, args, node, state },
    {
      name: 'life',
      vhost: '/',
      type: 'classic',
      durable: true,
      messages: 3,
      args: { 'x-max-length': 3 },
      node: 'rabbit@localhost',
      state: 'running',
    },
  );
  assert.equal((await host.call('DELETE', `${path}?if-empty=true`)).status, 400);
  assert.equal((await host.call('DELETE', `${path}/contents`)).status, 204);
  assert.equal((await host.json('GET', path))['messages'], 0);
  assert.equal((await host.call('DELETE', `${path}?if-empty=true&if-unused=true`)).status, 204);
  for (const method of ['GET', 'DELETE']) {
    assert.equal((await host.call(method, path)).status, 404, method);
  }
});

test('an exchange is declared, described and deleted', async () => {
  const path = '/api/exchanges/%2F/x-life';
  const body = { type: 'topic', durable: true, internal: false, auto_delete: false };
  assert.equal((await host.call('PUT', path, body)).status, 201);
  assert.equal((await host.call('PUT', path, body)).status, 204);
  assert.equal((await host.call('PUT', path, { type: 'direct' })).status, 400);
  assert.equal((await host.call('PUT', '/api/exchanges/%2F/x2', { type: 'none' })).status, 400);
  const { type, durable, internal } = await host.json('GET', path);
  assert.deepEqual({ type, durable, internal }, { type: 'topic', durable: true, internal: false });
  await host.json('PUT', '/api/queues/%2F/x-life-queue', {});
  await host.json('POST', '/api/bindings/%2F/e/x-life/q/x-life-queue', { routing_key: '#' });
  assert.equal((await host.call('DELETE', `${path}?if-unused=true`)).status, 400);
  assert.equal((await host.call('DELETE', path)).status, 204);
  assert.equal((await host.call('GET', path)).status, 404);
  assert.equal((await host.call('DELETE', '/api/exchanges/%2F/amq.direct')).status, 401);
});

test('bindings are created, listed from both ends, and deleted by their keys', async () => {
  await host.json('PUT', '/api/queues/%2F/bound', { durable: true });
  const ends = '/api/bindings/%2F/e/amq.headers/q/bound';
  const keys: string[] = [];
  const bindings = [
    { routing_key: 'a b/c~d', arguments: {} },
    { routing_key: '', arguments: {} },
    { routing_key: 'k', arguments: { 'x-match': 'all', n: 1 } },
    { routing_key: 'k', arguments: { 'x-match': 'any', n: 1 } },
  ];
  for (const body of bindings) {
    const created = await host.call('POST', ends, body);
    assert.equal(created.status, 201);
    const location = new URL(String(created.headers['location']), `https://host${ends}`).pathname;
    const found = await host.json('GET', location);
    assert.deepEqual(
      { routing_key: found['routing_key'], arguments: found['arguments'] },
      body,
      location,
    );
    keys.push(String(found['properties_key']));
  }
  assert.deepEqual(keys.slice(0, 2), ['a+b%2Fc%7Ed', '~']);
  assert.equal(new Set(keys).size, 4);
  const listed = async (path: string) => (await host.json<unknown[]>('GET', path)).length;
  assert.equal(await listed(ends), 4);
  assert.equal(await listed('/api/queues/%2F/bound/bindings'), 5); // and the default exchange
  assert.equal(await listed('/api/exchanges/%2F/amq.headers/bindings/source'), 4);
  assert.equal(await listed('/api/exchanges/%2F/amq.headers/bindings/destination'), 0);
  for (const key of keys) {
    const path = `${ends}/${encodeURIComponent(key)}`;
    assert.equal((await host.call('DELETE', path)).status, 204);
    assert.equal((await host.call('DELETE', path)).status, 404);
  }
  assert.equal(await listed(ends), 0);
});

test('a message keeps its properties from publishing to getting', async () => {
  await host.json('PUT', '/api/queues/%2F/post', { durable: true });
  const properties = {
    delivery_mode: 2,
    content_type: 'text/plain',
    content_encoding: 'none',
    priority: 3,
    correlation_id: 'c',
    reply_to: 'r',
    expiration: '600000',
    message_id: 'm',
    timestamp: 1234,
    type: 't',
    user_id: 'admin',
    app_id: 'a',
    cluster_id: 'cl',
    headers: { n: 1, text: 'x', yes: true, half: 1.5, list: [1, 'a'], table: { k: 'v' } },
  };
  const sent = await publish(message('post', 'ümlaut', properties));
  assert.deepEqual(JSON.parse(sent.text), { routed: true });
  const binary = { ...message('post'), payload: '/wAB', payload_encoding: 'base64' };
  assert.deepEqual(JSON.parse((await publish(binary)).text), { routed: true });
  const peek = { count: 5, ackmode: 'ack_requeue_true', encoding: 'auto', truncate: 50_000 };
  const got = JSON.parse((await get('post', peek)).text) as Record<string, unknown>[];
  assert.deepEqual(got, [
    {
      payload_bytes: 7,
      redelivered: false,
      exchange: '',
      routing_key: 'post',
      message_count: 1,
      properties,
      payload_encoding: 'string',
      payload: 'ümlaut',
    },
    {
      payload_bytes: 3,
      redelivered: false,
      exchange: '',
      routing_key: 'post',
      message_count: 0,
      properties: [],
      payload_encoding: 'base64',
      payload: '/wAB',
    },
  ]);
  const again = JSON.parse((await get('post', { ...peek, truncate: 2 })).text) as typeof got;
  assert.deepEqual(
    again.map((each) => [each['redelivered'], each['payload_bytes'], each['payload']]),
    [
      [true, 7, 'ü'],
      [true, 3, '/wA='],
    ],
  );
  await get('post', { ...peek, ackmode: 'ack_requeue_false' });
  assert.deepEqual(JSON.parse((await get('post', peek)).text), []);
});

test('a message without a queue is not routed, and a rejected one is dead lettered', async () => {
  assert.deepEqual(JSON.parse((await publish(message('nowhere'))).text), { routed: false });
  await host.json('PUT', '/api/queues/%2F/dead', {});
  const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' };
  await host.json('PUT', '/api/queues/%2F/alive', { arguments: args });
  await publish(message('alive'));
  await get('alive', { count: 1, ackmode: 'reject_requeue_false', encoding: 'auto' });
  const peek = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' };
  const [letter] = JSON.parse((await get('dead', peek)).text) as {
    properties: { headers: Record<string, unknown> };
  }[];
  assert.equal(letter?.properties.headers['x-first-death-reason'], 'rejected');
});

test('a large payload is written in pieces without a change', async () => {
  await host.json('PUT', '/api/queues/%2F/large', {});
  const text = `${'ä€😀"\\\n'.repeat(60_000)}end`;
  await publish(message('large', text));
  const peek = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' };
  const [got] = JSON.parse((await get('large', peek)).text) as { payload: string }[];
  assert.equal(got?.payload === text, true);
});

test('malformed requests are refused with what is wrong', async () => {
  await host.json('PUT', '/api/queues/%2F/q', {});
  const ok = message('q');
  const cases: readonly (readonly [method: string, path: string, body: unknown, why: RegExp])[] = [
    ['PUT', '/api/queues/%2F/n', 'no json', /^not_json$/],
    ['PUT', '/api/queues/%2F/n', '[1]', /^not_json$/],
    ['PUT', '/api/queues/%2F/n', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, /32 levels/],
    ['PUT', '/api/queues/%2F/n', { durable: 'perhaps' }, /durable/],
    ['PUT', '/api/queues/%2F/n', { arguments: 5 }, /arguments/],
    ['PUT', '/api/queues/%2F/n', { arguments: { a: null } }, /null/],
    ['PUT', '/api/queues/%2F/n', { arguments: { 'x-max-length': -1 } }, /x-max-length/],
    ['PUT', '/api/queues/%2F/n', { node: 'elsewhere' }, /node/],
    ['PUT', `/api/queues/%2F/${'n'.repeat(256)}`, {}, /255/],
    ['POST', '/api/bindings/%2F/e/amq.direct/q/q', { routing_key: 5 }, /routing_key/],
    ['POST', '/api/bindings/%2F/e/amq.direct/q/q', { routing_key: 'k'.repeat(256) }, /255/],
    ['POST', '/api/exchanges/%2F/amq.default/publish', {}, /key_missing,routing_key/],
    ['POST', '/api/exchanges/%2F/amq.default/publish', { ...ok, payload: 5 }, /payload/],
    ['POST', '/api/exchanges/%2F/amq.default/publish', { ...ok, payload_encoding: 'hex' }, /enc/],
    [
      'POST',
      '/api/exchanges/%2F/amq.default/publish',
      { ...ok, payload: '***', payload_encoding: 'base64' },
      /base64/,
    ],
    [
      'POST',
      '/api/exchanges/%2F/amq.default/publish',
      message('q', '', { priority: 300 }),
      /priority/,
    ],
    [
      'POST',
      '/api/exchanges/%2F/amq.default/publish',
      message('q', '', { user_id: 'x' }),
      /user_id/,
    ],
    [
      'POST',
      '/api/exchanges/%2F/amq.default/publish',
      message('q', '', { type: 'n'.repeat(256) }),
      /255/,
    ],
    ['POST', '/api/queues/%2F/q/get', { ackmode: 'ack_requeue_true', encoding: 'auto' }, /count/],
    [
      'POST',
      '/api/queues/%2F/q/get',
      { count: 5000, ackmode: 'ack_requeue_true', encoding: 'auto' },
      /count is greater than 1000/,
    ],
    ['POST', '/api/queues/%2F/q/get', { count: 1, ackmode: 'other', encoding: 'auto' }, /ackmode/],
    [
      'POST',
      '/api/queues/%2F/q/get',
      { count: 1, ackmode: 'ack_requeue_true', encoding: 'hex' },
      /encoding/,
    ],
    ['POST', '/api/queues/%2F/q/actions', { action: 'explode' }, /unknown,explode/],
  ];
  for (const [method, path, body, why] of cases) {
    const reply = await host.call(method, path, body);
    assert.equal(reply.status, 400, `${method} ${path} ${reply.text}`);
    const { error, reason } = JSON.parse(reply.text) as { error: string; reason: unknown };
    assert.equal(error, 'bad_request');
    assert.match(String(reason), why);
  }
  assert.deepEqual(host.lines, []);
});

test('missing objects and wrong methods have their own answers', async () => {
  const missing = [
    ['GET', '/api/queues/none'],
    ['GET', '/api/queues/%2F/none'],
    ['GET', '/api/exchanges/%2F/none'],
    ['GET', '/api/connections/none'],
    ['GET', '/api/channels/none'],
    ['DELETE', '/api/vhosts/none'],
    ['DELETE', '/api/users/none'],
    ['DELETE', '/api/policies/%2F/none'],
    ['DELETE', '/api/operator-policies/%2F/none'],
    ['DELETE', '/api/parameters/shovel/%2F/none'],
    ['DELETE', '/api/global-parameters/none'],
    ['GET', '/api/unknown'],
    ['GET', '/elsewhere'],
  ] as const;
  for (const [method, path] of missing) {
    const reply = await host.call(method, path);
    assert.deepEqual(
      [reply.status, JSON.parse(reply.text)],
      [404, { error: 'Object Not Found', reason: 'Not Found' }],
      `${method} ${path}`,
    );
  }
  const named = await host.call('POST', '/api/bindings/%2F/e/none/q/q', {});
  assert.deepEqual(
    [named.status, JSON.parse(named.text)],
    [404, { error: 'not_found', reason: "no exchange 'none' in vhost '/'" }],
  );
  for (const [method, path, reason] of [
    ['PUT', 'queues/none/q', 'vhost_not_found'],
    ['POST', 'queues/none/q/get', 'vhost_not_found'],
    ['POST', 'queues/%2F/none/get', 'queue_not_found'],
    ['POST', 'queues/%2F/none/actions', 'queue_not_found'],
    ['POST', 'bindings/none/e/x/q/q', 'vhost_not_found'],
    ['POST', 'exchanges/none/x/publish', 'vhost_not_found'],
    ['POST', 'exchanges/%2F/none/publish', 'exchange_not_found'],
  ] as const) {
    const reply = await host.call(method, `/api/${path}`, {});
    assert.deepEqual(
      [reply.status, JSON.parse(reply.text)],
      [404, { error: 'not_found', reason }],
      path,
    );
  }
  const wrongNode = await host.call('POST', '/api/vhosts/%2F/start/elsewhere', {});
  assert.deepEqual(
    [wrongNode.status, JSON.parse(wrongNode.text).reason],
    [400, 'Unknown node: elsewhere'],
  );
  const wrong = await host.call('DELETE', '/api/overview');
  assert.deepEqual([wrong.status, wrong.headers['allow']], [405, 'HEAD, GET, OPTIONS']);
  const head = await host.call('HEAD', '/api/whoami');
  assert.deepEqual([head.status, head.text], [200, '']);
});

test('a body is bounded by its resource', async () => {
  const large = { ...message('q', 'x'.repeat(400_000)) };
  assert.equal((await publish(large)).status, 200);
  const reply = await host.call('PUT', '/api/queues/%2F/q', { x: 'x'.repeat(400_000) });
  assert.equal(reply.status, 413);
  assert.match(reply.text, /262144 bytes/);
});

test('an exclusive queue belongs to its connection', async () => {
  const client = await host.connect();
  const channel = await client.model.createChannel();
  await channel.assertQueue('mine', { exclusive: true });
  for (const [method, path] of [
    ['DELETE', '/api/queues/%2F/mine'],
    ['DELETE', '/api/queues/%2F/mine/contents'],
    ['PUT', '/api/queues/%2F/mine'],
    ['POST', '/api/bindings/%2F/e/amq.direct/q/mine'],
  ] as const) {
    const reply = await host.call(method, path, method === 'DELETE' ? undefined : {});
    assert.equal(reply.status, 400, `${method} ${path}`);
    assert.match(reply.text, /exclusive access to locked queue 'mine'/);
  }
  assert.equal((await host.json('GET', '/api/queues/%2F/mine'))['exclusive'], true);
  await client.close();
});
