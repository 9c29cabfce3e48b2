import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { type BrokerAccess, brokerAccess } from '../../src/transfer/moving/access.ts';
import { type MoveOptions, move } from '../../src/transfer/moving/move.ts';
import { assertContains } from '../support/contains.ts';
import { administrator, ManagementHost } from './management-host.ts';

// Moving of definitions and messages from one broker to another, as `waxwing import` and `export` do.

let from: ManagementHost;
let to: ManagementHost;

before(async () => {
  [from, to] = await Promise.all([ManagementHost.open(), ManagementHost.open()]);
});

after(() => Promise.all([from.close(), to.close()]));

const [username = '', password = ''] = administrator.split(':');

function accessTo(side: string, { broker, authority, managementPort }: ManagementHost) {
  const amqp = `amqps://${username}@localhost:${broker.ports['amqps']}`;
  const management = `https://localhost:${managementPort}`;
  return brokerAccess(side, { amqp, management, password, authorities: [authority] }, systemClock);
}

function moving(more: Partial<MoveOptions> = {}) {
  return move({
    source: accessTo('from', from),
    target: accessTo('to', to),
    definitions: undefined,
    hasDefinitions: true,
    hasMessages: true,
    matches: () => true,
    prefetchCount: 50,
    retryMsMax: 0,
    clock: systemClock,
    interruption: new AbortController().signal,
    progress: () => {},
    failed: () => {},
    ...more,
  });
}

test('definitions and messages of all kinds are moved, and a repetition changes nothing', async () => {
  await from.json('PUT', '/api/vhosts/shop');
  await from.json('PUT', '/api/permissions/shop/admin', {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  const salted = createHash('sha256').update('\x01\x02\x03\x04guest').digest();
  const hash = Buffer.concat([Buffer.from([1, 2, 3, 4]), salted]).toString('base64');
  await from.json('PUT', '/api/users/guest', { password_hash: hash, tags: 'administrator' });
  await from.json('PUT', '/api/permissions/shop/guest', { configure: '', write: '', read: '' });
  await from.json('PUT', '/api/users/bob', {
    password_hash: 'AQIDBJ/guPNtBcrh0cHNaZOAuyPsxUVdld4SGSrOiPKGlSct',
    tags: 'impersonator',
  });
  await from.json('PUT', '/api/policies/%2F/p', {
    pattern: '^o',
    definition: { 'max-length': 900 },
  });
  for (const kind of ['policies', 'operator-policies']) {
    const isOperator = kind === 'operator-policies';
    const name = isOperator ? 'default_operator_policy_AWS_managed' : 'AWS-DEFAULT-POLICY-CLUSTER';
    const managed = { pattern: '.*', definition: { 'max-length': 8_000_000 } };
    await from.json('PUT', `/api/${kind}/%2F/${name}`, managed);
  }
  const parameter = { 'src-uri': 'amqps://u:p@nowhere', 'src-queue': 'a', 'dest-uri': 'amqp://' };
  await from.json('PUT', '/api/parameters/shovel/%2F/s', { value: parameter });
  await from.json('PUT', '/api/queues/shop/prices', {
    durable: true,
    arguments: { 'x-max-priority': 5 },
  });
  const client = await from.connect();
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue('orders', { durable: true });
  await channel.assertQueue('copied', { durable: true });
  const headers = { n: 1, text: 'ü', list: [1, 'a', { deep: true }], CC: ['copied'] };
  const properties = {
    headers,
    priority: 3,
    persistent: true,
    messageId: 'm',
    expiration: '900000',
  };
  channel.sendToQueue('orders', Buffer.from('first'), properties);
  channel.sendToQueue('orders', Buffer.alloc(300_000, 7), { persistent: true });
  for (let i = 0; i < 200; i++) channel.sendToQueue('orders', Buffer.from(`m${i}`));
  await channel.waitForConfirms();
  await client.close();

  const result = await moving();
  assert.deepEqual(result.definitions?.refused, []);
  assert.deepEqual(
    result.definitions?.skipped.map(({ section, name }) => `${section} ${name}`),
    [
      "users 'admin'",
      "users 'guest'",
      "permissions 'guest' in vhost 'shop'",
      "parameters 'operator_policy' 'default_operator_policy_AWS_managed' in vhost '/'",
      "parameters 'shovel' 's' in vhost '/'",
      "policies 'AWS-DEFAULT-POLICY-CLUSTER' in vhost '/'",
    ],
  );
  assert.deepEqual(result.left, []);
  assert.equal(result.total.messageCount, 203, 'the message with CC is in two queues, once each');
  assert.equal(result.total.redeliveredCount, 0);
  const moved = await to.connect();
  const target = await moved.model.createChannel();
  const first = await target.get('orders');
  assert.ok(first !== false);
  assert.equal(first.content.toString(), 'first');
  assertContains(first.properties, {
    headers,
    priority: 3,
    messageId: 'm',
    expiration: '900000',
  });
  target.ack(first);
  const bodies = await moved.take('orders');
  assert.equal(bodies[0]?.length, 300_000);
  assert.deepEqual(
    bodies.slice(1),
    Array.from({ length: 200 }, (_, i) => `m${i}`),
  );
  assert.equal((await moved.take('copied')).length, 1);
  await moved.close();
  const policy = await to.json('GET', '/api/policies/%2F/p');
  assertContains(policy, { definition: { 'max-length': 900 } });
  assert.equal((await to.call('GET', '/api/users/guest')).status, 404);
  const exchanges = await to.json<{ name: string }[]>('GET', '/api/exchanges');
  assert.ok(exchanges.every(({ name }) => !name.startsWith('waxwing.move')));

  const again = await moving();
  assert.deepEqual(again.definitions?.refused, []);
  assert.equal(again.total.messageCount, 0);
});

test('an interrupted move ends with every message at one of the two, and is continued', async () => {
  const client = await from.connect();
  await client.publish(
    'long',
    Array.from({ length: 3000 }, (_, i) => String(i)),
  );
  const controller = new AbortController();
  const options = { matches: (_: string, name: string) => name === 'long', prefetchCount: 20 };
  const first = await moving({
    ...options,
    interruption: controller.signal,
    progress: ({ messageCount }) => {
      if (messageCount === 500) controller.abort();
    },
  });
  assert.ok(first.total.messageCount >= 500 && first.total.messageCount < 3000);
  assert.deepEqual(
    first.left.map(({ name, reason }) => [name, reason]),
    [['long', 'interrupted']],
  );
  const second = await moving(options);
  assert.equal(first.total.messageCount + second.total.messageCount, 3000);
  const moved = await to.connect();
  assert.deepEqual(
    await moved.take('long'),
    Array.from({ length: 3000 }, (_, i) => String(i)),
    'in their order, none twice',
  );
  await Promise.all([client.close(), moved.close()]);
});

test('a connection that fails is opened again, and nothing is lost', async () => {
  const client = await from.connect();
  await client.publish(
    'cut',
    Array.from({ length: 2000 }, (_, i) => String(i)),
  );
  const failures: string[] = [];
  let cutting: Promise<void> | undefined;
  const cut = async (host: ManagementHost) => {
    const list = await host.json<{ name: string; user_provided_name?: string }[]>(
      'GET',
      '/api/connections',
    );
    for (const { name, user_provided_name: given } of list) {
      if (given !== 'waxwing move') continue;
      await host.call('DELETE', `/api/connections/${encodeURIComponent(name)}`);
    }
  };
  const result = await moving({
    hasDefinitions: true,
    matches: (_, name) => name === 'cut',
    prefetchCount: 10,
    retryMsMax: 60_000,
    failed: (reason) => failures.push(reason),
    progress: ({ messageCount }) => {
      if (messageCount >= 100) cutting ??= cut(to).then(() => cut(from));
    },
  });
  await cutting;
  assert.deepEqual(result.left, []);
  assert.ok(failures.length > 0, 'the connections were cut in the middle');
  const moved = await to.connect();
  const bodies = await moved.take('cut');
  assert.equal(new Set(bodies).size, 2000);
  const twice = bodies.length - 2000;
  assert.ok(twice <= result.total.redeliveredCount, `${twice} twice`);
  await Promise.all([client.close(), moved.close()]);
});

test('what the target refuses is reported, and the rest is moved', async () => {
  const definitions = {
    vhosts: [{ name: '/' }],
    queues: [
      { name: 'fine', vhost: '/', durable: true, auto_delete: false, arguments: {} },
      { name: 'odd', vhost: '/', durable: true, arguments: { 'x-max-length': 'many' } },
      { name: 'none', vhost: 'missing', durable: true, arguments: {} },
    ],
  };
  const { definitions: copied } = await moving({ definitions, hasMessages: false });
  assert.equal(copied?.counts['queues'], 1);
  assert.deepEqual(
    copied?.refused.map(({ name }) => name),
    ["'odd' in vhost '/'", "'none' in vhost 'missing'"],
  );
  assert.match(copied?.refused[0]?.reason ?? '', /x-max-length/);
});

test('a queue that cannot be moved is reported, and keeps its messages', async () => {
  const client = await from.connect();
  await client.publish('full', ['a', 'b', 'c']);
  await to.json('PUT', '/api/queues/%2F/full', {
    durable: true,
    arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' },
  });
  const { left, total } = await moving({
    hasDefinitions: false,
    matches: (_, name) => name === 'full',
    prefetchCount: 1,
  });
  assert.equal(total.messageCount, 1);
  assert.match(left[0]?.reason ?? '', /queue 'full': the destination refuses a message/);
  assert.deepEqual(await client.take('full'), ['b', 'c']);
  await client.close();
});

test('addresses that would show a password, or send it in clear, are refused', () => {
  const stated = {
    amqp: 'amqps://u@host',
    management: 'https://host',
    password: 'p',
    authorities: [],
  };
  const access = (more: object): (() => BrokerAccess) => {
    return () => brokerAccess('from', { ...stated, ...more }, systemClock);
  };
  access({})();
  const cases: readonly (readonly [object, RegExp])[] = [
    [{ amqp: 'amqps://u:p@host' }, /^--from-amqp contains a password/],
    [{ amqp: 'amqps://host' }, /^--from-amqp names no user/],
    [{ amqp: 'amqp://u@host' }, /^--from-amqp: amqp:\/\/host is not encrypted/],
    [{ amqp: 'amqps://u@host/v' }, /names a virtual host/],
    [{ management: 'http://host' }, /^http:\/\/host is not encrypted; https is required/],
    [{ management: 'https://u:p@host' }, /^--from-management contains a user/],
    [{ management: 'host' }, /^--from-management is no URL/],
  ];
  for (const [more, message] of cases) assert.throws(access(more), { message });
});
