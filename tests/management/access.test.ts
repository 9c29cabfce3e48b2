import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ManagementHost } from './management-host.ts';

// Who may do what in the management API.

let host: ManagementHost;

before(async () => {
  host = await ManagementHost.open();
  for (const tags of ['', 'management', 'policymaker', 'monitoring']) {
    await host.json('PUT', `/api/users/u-${tags}`, { password: 'secret', tags });
  }
  const all = { configure: '^own', write: '^own|amq.default', read: '^own' };
  await host.json('PUT', '/api/permissions/%2F/u-management', all);
  await host.json('PUT', '/api/vhosts/other');
});

after(() => host.close());

const as = (tags: string) => ({ user: `u-${tags}:secret` });
const reasonOf = ({ text }: { readonly text: string }) =>
  (JSON.parse(text) as { readonly reason?: string }).reason;

test('a request without valid credentials is answered as RabbitMQ does', async () => {
  for (const user of ['', 'admin:wrong', 'nobody:secret', 'no colon']) {
    const reply = await host.call('GET', '/api/overview', undefined, { user });
    assert.deepEqual(
      [reply.status, JSON.parse(reply.text)],
      [401, { error: 'not_authorized', reason: 'Login failed' }],
    );
    assert.match(String(reply.headers['www-authenticate']), /^Basic realm=/);
  }
  const strange = ['Bearer x', 'Basic', 'Basic ***', `Basic ${'A'.repeat(4000)}`];
  for (const Authorization of strange) {
    const reply = await host.send('GET', '/api/overview', undefined, { Authorization });
    assert.equal(reply.status, 401, Authorization.slice(0, 20));
  }
});

test('tags decide about resources', async () => {
  const cases: readonly (readonly [path: string, ...allowed: string[]])[] = [
    ['/api/overview', 'management', 'policymaker', 'monitoring'],
    ['/api/whoami', 'management', 'policymaker', 'monitoring'],
    ['/api/nodes/rabbit@localhost', 'monitoring'],
    ['/api/users'],
    ['/api/permissions'],
    ['/api/parameters', 'policymaker'],
    ['/api/feature-flags', 'monitoring'],
    ['/api/user-limits', 'management', 'policymaker', 'monitoring'],
    ['/api/nodes', 'monitoring'],
    ['/api/auth/attempts/rabbit@localhost', 'monitoring'],
  ];
  for (const [path, ...allowed] of cases) {
    for (const tags of ['', 'management', 'policymaker', 'monitoring']) {
      const { status } = await host.call('GET', path, undefined, as(tags));
      assert.equal(status, allowed.includes(tags) ? 200 : 401, `${path} with tag '${tags}'`);
    }
  }
  const none = await host.call('GET', '/api/overview', undefined, as(''));
  assert.equal(reasonOf(none), 'Not management user');
  const users = await host.call('GET', '/api/users', undefined, as('management'));
  assert.equal(reasonOf(users), 'Not administrator user');
});

test('only administrators change users, permissions, virtual hosts and limits', async () => {
  const changes: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['PUT', '/api/users/evil', { password: 'p', tags: 'administrator' }],
    ['PUT', '/api/users/u-management', { password: 'p', tags: 'administrator' }],
    ['DELETE', '/api/users/admin'],
    ['POST', '/api/users/bulk-delete', { users: ['admin'] }],
    ['PUT', '/api/permissions/other/u-management', { configure: '.*', write: '.*', read: '.*' }],
    ['DELETE', '/api/permissions/%2F/admin'],
    ['PUT', '/api/topic-permissions/%2F/u-management', { exchange: 'x', write: '', read: '' }],
    ['PUT', '/api/vhosts/new'],
    ['POST', '/api/vhosts/other/deletion/protection'],
    ['DELETE', '/api/vhosts/other/deletion/protection'],
    ['DELETE', '/api/auth/attempts/rabbit@localhost'],
    ['DELETE', '/api/queues/quorum/replicas/on/rabbit@localhost/shrink'],
    ['DELETE', '/api/vhosts/other'],
    ['PUT', '/api/vhost-limits/%2F/max-queues', { value: 0 }],
    ['PUT', '/api/user-limits/admin/max-connections', { value: 0 }],
    ['PUT', '/api/operator-policies/%2F/p', { pattern: '', definition: { 'max-length': 1 } }],
    ['PUT', '/api/global-parameters/g', { value: 1 }],
    ['PUT', '/api/cluster-name', { name: 'mine' }],
  ];
  for (const tags of ['', 'management', 'policymaker', 'monitoring']) {
    for (const [method, path, body] of changes) {
      const { status } = await host.call(method, path, body, as(tags));
      assert.equal(status, 401, `${method} ${path} with tag '${tags}'`);
    }
  }
  assert.equal((await host.call('GET', '/api/users/evil')).status, 404);
});

test('the permissions of the broker apply to queues, exchanges, bindings and messages', async () => {
  const mine = as('management');
  const refused: readonly (readonly [method: string, path: string, body?: unknown])[] = [
    ['PUT', '/api/queues/%2F/foreign', {}],
    ['PUT', '/api/exchanges/%2F/foreign', { type: 'direct' }],
    ['DELETE', '/api/queues/%2F/theirs'],
    ['DELETE', '/api/queues/%2F/theirs/contents'],
    ['POST', '/api/bindings/%2F/e/amq.direct/q/own', { routing_key: 'k' }],
    [
      'POST',
      '/api/exchanges/%2F/amq.topic/publish',
      { routing_key: 'k', payload: '', payload_encoding: 'string' },
    ],
    [
      'POST',
      '/api/queues/%2F/theirs/get',
      { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' },
    ],
    ['PUT', '/api/queues/%2F/own2', { arguments: { 'x-dead-letter-exchange': 'amq.fanout' } }],
  ];
  await host.json('PUT', '/api/queues/%2F/theirs', { durable: true });
  await host.json('PUT', '/api/queues/%2F/own', { durable: true }, mine);
  for (const [method, path, body] of refused) {
    const reply = await host.call(method, path, body, mine);
    assert.equal(reply.status, 401, `${method} ${path}: ${reply.text}`);
    assert.match(reasonOf(reply) ?? '', /access to .* refused for user 'u-management'/);
  }
  const vhost = await host.call('GET', '/api/queues/other', undefined, mine);
  assert.equal(vhost.status, 401);
  assert.equal(reasonOf(vhost), 'User not authorised to access virtual host');
  const list = await host.json<{ vhost: string }[]>('GET', '/api/vhosts?columns=name', '', mine);
  assert.deepEqual(list, [{ name: '/' }]);
});

test('a user without the tag for monitoring only sees its own connections', async () => {
  const own = await host.connect('u-management:secret');
  const theirs = await host.connect();
  const seen = await host.json<{ user: string }[]>(
    'GET',
    '/api/connections',
    undefined,
    as('management'),
  );
  assert.deepEqual([...new Set(seen.map(({ user }) => user))], ['u-management']);
  const all = await host.json<{ name: string; user: string }[]>('GET', '/api/connections');
  const foreign = all.find(({ user }) => user === 'admin');
  const path = `/api/connections/${encodeURIComponent(foreign?.name ?? '')}`;
  for (const method of ['GET', 'DELETE']) {
    const { status } = await host.call(method, path, undefined, as('management'));
    assert.equal(status, 401, method);
  }
  await own.close();
  await theirs.close();
});

test('permissions on routing keys apply to messages and bindings', async () => {
  const mine = as('management');
  await host.json('PUT', '/api/exchanges/%2F/own-topic', { type: 'topic' });
  await host.json('PUT', '/api/queues/%2F/own-keys', {});
  const binding = '/api/bindings/%2F/e/own-topic/q/own-keys';
  await host.json('POST', binding, { routing_key: 'denied' });
  const permission = { exchange: 'own-topic', write: '^ok$', read: '^ok$' };
  await host.json('PUT', '/api/topic-permissions/%2F/u-management', permission);
  const publish = (key: string, headers: object) => {
    const message = { payload: '', payload_encoding: 'string', properties: { headers } };
    const path = '/api/exchanges/%2F/own-topic/publish';
    return host.call('POST', path, { ...message, routing_key: key }, mine);
  };
  const refused = [
    await publish('denied', {}),
    await publish('ok', { CC: ['denied'] }),
    await publish('ok', { BCC: ['denied'] }),
    await host.call('POST', binding, { routing_key: '#' }, mine),
    await host.call('DELETE', `${binding}/denied`, undefined, mine),
  ];
  for (const reply of refused) {
    assert.equal(reply.status, 401, reply.text);
    assert.match(reasonOf(reply) ?? '', /access to topic .* refused for user 'u-management'/);
  }
  assert.equal((await publish('ok', {})).status, 200);
  assert.equal((await host.call('POST', binding, { routing_key: 'ok' }, mine)).status, 201);
});

test('the limits of users do not tell which users exist', async () => {
  await host.json('PUT', '/api/user-limits/u-policymaker/max-channels', { value: 7 });
  const limitsOf = (user: string, caller?: { user: string }) =>
    host.call('GET', `/api/user-limits/${user}`, undefined, caller);
  const answers = ['admin', 'u-policymaker', 'u-management', 'nobody'].map(async (user) => {
    const { status, text } = await limitsOf(user, as('management'));
    return [status, JSON.parse(text)];
  });
  for (const answer of await Promise.all(answers)) assert.deepEqual(answer, [200, []]);
  const own = await limitsOf('u-policymaker', as('policymaker'));
  const limits = [{ user: 'u-policymaker', value: { 'max-channels': 7 } }];
  assert.deepEqual(JSON.parse(own.text), limits);
  assert.deepEqual(JSON.parse((await limitsOf('u-policymaker')).text), limits);
  assert.equal((await limitsOf('nobody')).status, 404);
});

test('only administrators close connections of other users', async () => {
  const theirs = await host.connect();
  const all = await host.json<{ name: string; user: string }[]>('GET', '/api/connections');
  const name = all.find(({ user }) => user === 'admin')?.name ?? '';
  for (const path of [encodeURIComponent(name), 'username/admin']) {
    const { status } = await host.call(
      'DELETE',
      `/api/connections/${path}`,
      undefined,
      as('monitoring'),
    );
    assert.equal(status, 401, path);
  }
  const left = await host.json<{ name: string }[]>('GET', '/api/connections');
  assert.ok(left.some((each) => each.name === name));
  await theirs.close();
});

test('parameters are changed only in virtual hosts in which the user has permissions', async () => {
  const tags = 'monitoring,policymaker';
  await host.json('PUT', '/api/users/both', { password: 'secret', tags });
  const user = 'both:secret';
  const parameter = '/api/parameters/shovel/other/s';
  const uri = 'amqps://u:p@localhost:1';
  const value = { 'src-uri': uri, 'src-queue': 'q', 'dest-uri': uri, 'dest-queue': 'q' };
  assert.equal((await host.call('PUT', parameter, { value }, { user })).status, 401);
  await host.json('PUT', parameter, { value });
  assert.equal((await host.call('DELETE', parameter, undefined, { user })).status, 401);
  await host.json('PUT', '/api/permissions/other/both', { configure: '', write: '', read: '' });
  assert.equal((await host.call('DELETE', parameter, undefined, { user })).status, 204);
});

test('a user that loses its rights while a body arrives is denied', async () => {
  const before = { password: 'first', tags: 'administrator' };
  const changes: readonly (readonly [method: string, body?: unknown])[] = [
    ['DELETE'],
    ['PUT', { ...before, tags: 'management' }],
    ['PUT', { ...before, password: 'second' }],
  ];
  for (const [method, body] of changes) {
    await host.json('PUT', '/api/users/slow', before);
    const text = JSON.stringify({ password: 'p', tags: 'administrator' });
    const slow = host.begin('PUT', '/api/users/intruder', text.length, 'slow:first');
    await slow.admitted;
    await host.json(method, '/api/users/slow', body);
    assert.equal(await slow.finish(text), 401, method);
    assert.equal((await host.call('GET', '/api/users/intruder')).status, 404);
  }
});

test('a change that a page of another site requests is refused', async () => {
  const own = `https://127.0.0.1:${host.managementPort}`;
  const cases: readonly (readonly [headers: Record<string, string>, status: number])[] = [
    [{ Origin: 'https://elsewhere.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403],
    [{ Origin: own, 'Sec-Fetch-Site': 'same-origin' }, 201],
  ];
  for (const [headers, status] of cases) {
    const reply = await host.call('PUT', '/api/vhosts/forged', {}, { headers });
    assert.equal(reply.status, status, JSON.stringify(headers));
  }
  const headers = { 'Sec-Fetch-Site': 'cross-site' };
  assert.equal((await host.call('GET', '/api/whoami', undefined, { headers })).status, 200);
});

test('a user is denied as soon as its password, its tags or the user itself change', async () => {
  const user = 'leaver:first';
  await host.json('PUT', '/api/users/leaver', { password: 'first', tags: 'management' });
  const status = async (credentials = user) =>
    (await host.call('GET', '/api/whoami', undefined, { user: credentials })).status;
  assert.equal(await status(), 200);
  await host.json('PUT', '/api/users/leaver', { password: 'second', tags: 'management' });
  assert.deepEqual([await status(), await status('leaver:second')], [401, 200]);
  await host.json('PUT', '/api/users/leaver', { password: 'second', tags: '' });
  assert.equal(await status('leaver:second'), 401);
  await host.json('DELETE', '/api/users/leaver');
  assert.equal(await status('leaver:second'), 401);
});

test('no answer and no log line contains a password or a hash of this program', async () => {
  const users = await host.call('GET', '/api/users');
  assert.equal(users.status, 200);
  for (const text of [users.text, ...host.lines]) {
    assert.doesNotMatch(text, /pbkdf2|secret|the password of admin/);
  }
});
