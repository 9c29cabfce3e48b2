import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import type { Limits } from '../limits.ts';
import { everything } from '../users.ts';
import { Administration } from './administration.ts';
import type { JsonObject } from './model.ts';

const hashPassword = async (password: string) => `hash of ${password}`;

async function opened(
  limits: Partial<Limits> = {},
): Promise<{ b: BareBroker; admin: Administration }> {
  const b = await BareBroker.open(undefined, limits);
  return { b, admin: new Administration(b.broker, { hashPassword }) };
}

/** The administration after a crash that leaves what was synced. */
async function crashed(b: BareBroker): Promise<{ b: BareBroker; admin: Administration }> {
  b.log.syncNow();
  const again = await BareBroker.open(b);
  return { b: again, admin: new Administration(again.broker, { hashPassword }) };
}

/** All definitions by section. */
function exported(admin: Administration, vhost?: string): Record<string, JsonObject[]> {
  const found: Record<string, JsonObject[]> = {};
  for (const [section, entry] of admin.definitions.export(vhost)) {
    found[section] ??= [];
    found[section]?.push(entry);
  }
  return found;
}

/** Imports, and lets the log sync what the import waits for. */
async function imported(
  { b, admin }: { b: BareBroker; admin: Administration },
  definitions: JsonObject,
  vhost?: string,
): Promise<number> {
  const done = admin.definitions.import(definitions, vhost);
  let isDone = false;
  done.then(
    () => {
      isDone = true;
    },
    () => {
      isDone = true;
    },
  );
  while (!isDone) {
    b.log.syncNow();
    await new Promise(setImmediate);
  }
  return await done;
}

const sha256 = {
  passwordHash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
  hashingAlgorithm: 'rabbit_password_hashing_sha256',
} as const;

const shovel = {
  'src-uri': 'amqp://',
  'src-queue': 'from',
  'dest-uri': 'amqps://bob:the%20password@elsewhere/v',
  'dest-queue': 'to',
} as const;

/** Something of every kind. */
async function furnished(admin: Administration): Promise<void> {
  const { vhosts, users, policies, parameters, topology } = admin;
  vhosts.put('v', { description: 'of tests', tags: ['a', 'b'], defaultQueueType: 'quorum' });
  vhosts.setLimit('v', 'max-queues', 10);
  await users.put('bob', { password: 'secret' }, ['management', 'policymaker']);
  await users.put('eve', sha256, []);
  users.setLimit('eve', 'max-channels', 3);
  users.setPermission('bob', 'v', { configure: '^c', write: '^w', read: '' });
  users.setTopicPermission('bob', 'v', 'amq.topic', { write: '^{username}\\.', read: '.*' });
  const policy = { pattern: '^q', applyTo: 'queues', priority: 2 } as const;
  const definition = { 'max-length': 5, 'dead-letter-exchange': 'dlx' };
  policies.put({ isOperator: false }, 'v', { ...policy, name: 'p', definition });
  policies.put({ isOperator: true }, 'v', { ...policy, name: 'o', definition: { expires: 9e6 } });
  parameters.put({ vhost: 'v', component: 'shovel', name: 's', value: shovel });
  parameters.putGlobal('cluster_name', 'here');
  const plain = { durable: true, autoDelete: false };
  topology.declareExchange('v', 'x', {
    ...plain,
    type: 'topic',
    internal: true,
    arguments: { 'alternate-exchange': 'amq.fanout' },
  });
  topology.declareQueue('v', 'q', { ...plain, arguments: { 'x-max-length': 7, list: [1, 'a'] } });
  topology.declareQueue('v', 'gone', { ...plain, durable: false, arguments: {} });
  const binding = { source: 'x', destinationType: 'queue', routingKey: 'a.*' } as const;
  topology.bind('v', { ...binding, destination: 'q', arguments: { n: 1 } });
  topology.bind('v', { ...binding, destination: 'gone', arguments: {} });
  topology.bind('v', {
    ...binding,
    destinationType: 'exchange',
    destination: 'amq.fanout',
    arguments: {},
  });
}

test('everything administered survives a crash and a checkpoint', async () => {
  const { b, admin } = await opened();
  await furnished(admin);
  for (const roll of [false, true]) {
    if (roll) b.log.roll(b.broker.store);
    const after = await crashed(b);
    const before = exported(admin);
    assert.deepEqual(exported(after.admin), before);
    assert.deepEqual(Object.keys(before), [
      ...['users', 'vhosts', 'permissions', 'topic_permissions', 'global_parameters'],
      ...['parameters', 'policies', 'queues', 'exchanges', 'bindings'],
    ]);
    const { users, vhosts } = after.admin;
    assert.deepEqual(vhosts.get('v')?.tags, ['a', 'b']);
    assert.deepEqual(users.get('eve')?.limits, { 'max-channels': 3 });
  }
});

test('an export imported into an empty broker gives the same export', async () => {
  const { admin } = await opened();
  await furnished(admin);
  const definitions = exported(admin);
  const other = await opened();
  // The hash of a test is none that an import accepts.
  for (const user of definitions['users'] ?? []) {
    if (user['name'] === 'eve') continue;
    Object.assign(user, { waxwing_password_hash: `pbkdf2-sha512$210000$${salt}$${digest}` });
  }
  const count = await imported(other, definitions);
  assert.equal(count, Object.values(definitions).flat().length);
  const found = exported(other.admin);
  assert.deepEqual(found, definitions);
  const queue = found['queues']?.[0];
  assert.deepEqual(queue, {
    vhost: 'v',
    name: 'q',
    durable: true,
    auto_delete: false,
    arguments: { 'x-max-length': 7, list: [1, 'a'], 'x-queue-type': 'quorum' },
  });
  assert.equal(found['queues']?.length, 1, 'transient queues are not exported');
  assert.deepEqual(
    found['bindings']?.map(({ destination }) => destination),
    ['q', 'amq.fanout'],
  );
});

const salt = `${'A'.repeat(22)}==`;
const digest = `${'B'.repeat(86)}==`;

test('the definitions of one virtual host can be imported into another one', async () => {
  const { b, admin } = await opened();
  await furnished(admin);
  admin.vhosts.put('w', { defaultQueueType: 'quorum' });
  const definitions = exported(admin, 'v');
  for (const entry of Object.values(definitions).flat()) assert.equal('vhost' in entry, false);
  await imported({ b, admin }, { ...definitions, users: [{ name: 'mallory', tags: [] }] }, 'w');
  assert.deepEqual(exported(admin, 'w'), definitions);
  assert.equal(admin.users.get('mallory'), undefined, 'users belong to the broker');
});

test('an import of definitions of RabbitMQ keeps hashes, metadata and limits', async () => {
  const at = await opened();
  await imported(at, {
    rabbit_version: '3.10.8',
    users: [
      {
        name: 'old',
        password_hash: sha256.passwordHash,
        hashing_algorithm: sha256.hashingAlgorithm,
        tags: 'administrator,monitoring',
        limits: [],
      },
      { name: 'none', password_hash: '', tags: [] },
    ],
    vhosts: [{ name: 'v', metadata: { description: 'd', default_queue_type: 'undefined' } }],
    parameters: [
      { vhost: 'v', component: 'vhost-limits', name: 'limits', value: { 'max-connections': 7 } },
    ],
  });
  const { users, vhosts } = at.admin;
  assert.deepEqual(users.get('old')?.tags, ['administrator', 'monitoring']);
  assert.deepEqual(users.get('old')?.credentials, { ...sha256, ownHash: undefined });
  const { passwordHash } = at.b.broker.users.require('old');
  assert.equal(passwordHash, `${sha256.hashingAlgorithm}$${sha256.passwordHash}`);
  assert.equal(at.b.broker.users.require('none').passwordHash, '');
  assert.equal(vhosts.get('v')?.description, 'd');
  assert.equal(vhosts.get('v')?.defaultQueueType, undefined);
  assert.deepEqual(vhosts.limits('v'), { 'max-connections': 7 });
});

const malformed: readonly (readonly [string, JsonObject, RegExp])[] = [
  ['a section that is not a list', { users: {} }, /^the section users is not a list$/],
  [
    'an entry that is not an object',
    { queues: ['q'] },
    /^queues, entry 1: an entry is not an object$/,
  ],
  ['a missing name', { vhosts: [{}] }, /^vhosts, entry 1: the field 'name' is nothing; text/],
  ['a name that is a number', { vhosts: [{ name: 5 }] }, /'name' is a number; text is required/],
  [
    'an unknown virtual host',
    { queues: [{ name: 'q', vhost: 'none' }] },
    /^queues, entry 1: no vhost 'none'$/,
  ],
  [
    'a hash of another length',
    { users: [{ name: 'u', password_hash: 'c2hvcnQ=', tags: [] }] },
    /entry 1: a password hash of rabbit_password_hashing_sha256 is base64 of 36 bytes$/,
  ],
  [
    'an algorithm that is too weak',
    {
      users: [
        {
          name: 'u',
          password_hash: 'x',
          hashing_algorithm: 'rabbit_password_hashing_md5',
          tags: [],
        },
      ],
    },
    /hashing algorithm 'rabbit_password_hashing_md5' is unknown/,
  ],
  [
    'a hash with too few iterations',
    { users: [{ name: 'u', waxwing_password_hash: `pbkdf2-sha512$999$${salt}$${digest}` }] },
    /is not of the form pbkdf2-sha512 with 1000 to 1000000 iterations$/,
  ],
  [
    'a hash that would take very long to check',
    { users: [{ name: 'u', waxwing_password_hash: `pbkdf2-sha512$9999999$${salt}$${digest}` }] },
    /is not of the form pbkdf2-sha512 with 1000 to 1000000 iterations$/,
  ],
  [
    'a limit that is not a number',
    { users: [{ name: 'u', limits: { 'max-channels': null } }] },
    /max-channels NaN is not a whole number/,
  ],
  [
    'a pattern that is none',
    { permissions: [{ user: 'ann', vhost: '/', configure: '(', write: '', read: '' }] },
    /^permissions, entry 1: the pattern of configure '\(' is not a supported regular expression/,
  ],
  [
    'deeply nested arguments',
    { queues: [{ name: 'q', vhost: '/', arguments: nested(17) }] },
    /nested more than 16 levels deep/,
  ],
];

function nested(depth: number): JsonObject {
  let value: JsonObject = {};
  for (let i = 0; i < depth; i++) value = { a: value };
  return value;
}

for (const [what, definitions, message] of malformed) {
  test(`an import is refused with ${what}; the text does not show values`, async () => {
    const at = await opened();
    await assert.rejects(imported(at, definitions), { message });
  });
}

test('a refused import keeps the entries before the refused one', async () => {
  const at = await opened();
  const vhosts = [{ name: 'first' }, { name: '' }, { name: 'third' }];
  await assert.rejects(imported(at, { vhosts }), {
    message: /^vhosts, entry 2: a vhost name is e/,
  });
  assert.deepEqual(
    [...at.admin.vhosts.list()].map(({ name }) => name),
    ['/', 'first'],
  );
});

test('the numbers and sizes of everything administered are limited', async () => {
  const { admin } = await opened({
    ...{ vhostCountMax: 2, userCountMax: 2, permissionCountMax: 3 },
    ...{ parameterCountMax: 1, parameterBytesMax: 100 },
  });
  const { vhosts, users, parameters } = admin;
  vhosts.put('v');
  assert.throws(() => vhosts.put('w'), { message: 'vhost limit (2) is reached' });
  vhosts.put('v', { description: 'an existing one' });
  await users.put('bob', { none: true }, []);
  await assert.rejects(users.put('eve', { none: true }, []), {
    message: 'user limit (2) is reached',
  });
  await users.put('bob', { none: true }, ['management']);
  users.setPermission('bob', '/', everything);
  users.setTopicPermission('bob', '/', 'x', { write: '', read: '' });
  const full = { message: 'permission limit (3) is reached' };
  assert.throws(() => users.setPermission('bob', 'v', everything), full);
  assert.throws(() => users.setTopicPermission('bob', '/', 'y', { write: '', read: '' }), full);
  users.clearTopicPermissions('bob', '/');
  users.setPermission('bob', 'v', everything);
  users.delete('bob');
  assert.equal([...users.permissions()].length, 1);
  parameters.putGlobal('g', 1);
  assert.throws(() => parameters.putGlobal('h', 1), { message: 'parameter limit (1) is reached' });
  const tooLong = { message: /parameter 'g' has 102 bytes; 100 are allowed/ };
  assert.throws(() => parameters.putGlobal('g', 'x'.repeat(100)), tooLong);
  const deep = { message: /is nested more than 16 levels deep/ };
  assert.throws(() => parameters.putGlobal('g', nested(20)), deep);
});

test('names, tags and metadata that are too long are refused', async () => {
  const { admin } = await opened();
  const { vhosts, users } = admin;
  const long = 'x'.repeat(256);
  const refused = { message: /of 256 bytes is longer than 255$/ };
  assert.throws(() => vhosts.put(long), refused);
  assert.throws(() => vhosts.put('v', { tags: [long] }), refused);
  assert.throws(() => vhosts.put('v', { description: 'x'.repeat(20_000) }), {
    message: /the description and tags of a vhost have \d+ bytes; 16384 are allowed/,
  });
  await assert.rejects(users.put(long, { none: true }, []), refused);
  await assert.rejects(users.put('u', { none: true }, [long]), refused);
  await assert.rejects(users.put('u', { none: true }, Array(33).fill('t')), {
    message: /33 tags are more than the 32 allowed/,
  });
  await assert.rejects(users.put('', { none: true }, []), { message: 'a user name is empty' });
  assert.throws(() => users.setLimit('ann', 'max-queues', 1), { message: /no limit of a user/ });
  assert.throws(() => vhosts.setLimit('/', 'max-channels', 1), { message: /no limit of a vhost/ });
  assert.throws(() => users.setLimit('ann', 'max-channels', 0.5), {
    message: /not a whole number/,
  });
});

test('what does not exist is not found, with its name', async () => {
  const { admin } = await opened();
  const { vhosts, users, policies, parameters, topology, inspection } = admin;
  const calls: readonly (readonly [() => unknown, RegExp])[] = [
    [() => vhosts.delete('none'), /^no vhost 'none'$/],
    [() => vhosts.limits('none'), /^no vhost 'none'$/],
    [() => users.delete('none'), /^no user 'none'$/],
    [() => users.clearPermission('none', '/'), /^no user 'none'$/],
    [() => users.clearPermission('ann', 'none'), /^no vhost 'none'$/],
    [() => [...users.permissions({ user: 'none' })], /^no user 'none'$/],
    [() => users.clearTopicPermissions('ann', '/', 'x'), /^no topic permission of user 'ann' on/],
    [() => policies.delete({ isOperator: true }, '/', 'none'), /^no policy 'none' in vhost '\/'$/],
    [() => parameters.delete('/', 'shovel', 'none'), /^no shovel 'none' in vhost '\/'$/],
    [() => parameters.deleteGlobal('none'), /^no global parameter 'none'$/],
    [() => topology.deleteQueue('/', 'none', unconditional), /^no queue 'none' in vhost '\/'$/],
    [() => topology.deleteExchange('/', 'none', unconditional), /^no exchange 'none' in vhost/],
    [() => inspection.close('none', 'why'), /^no connection 'none'$/],
  ];
  for (const [call, message] of calls) assert.throws(call, { code: 'not-found', message });
});

const unconditional = { ifUnused: false, ifEmpty: false };

test('requests with the access of a user require its permissions', async () => {
  const { b, admin } = await opened();
  const { users, topology } = admin;
  await users.put('bob', { none: true }, []);
  users.setPermission('bob', '/', { configure: '^c', write: '^w', read: '^r' });
  const access = admin.access(b.broker.users.require('bob'), '/');
  const plain = { durable: true, autoDelete: false, arguments: {} };
  const exchange = { ...plain, type: 'fanout', internal: false };
  topology.declareQueue('/', 'c', plain, access);
  topology.declareExchange('/', 'r', exchange);
  const refused = (text: string) => ({
    code: 'access-refused',
    message: `${text} in vhost '/' refused for user 'bob'`,
  });
  const configure = refused("configure access to queue 'x'");
  assert.throws(() => topology.declareQueue('/', 'x', plain, access), configure);
  assert.throws(() => topology.deleteQueue('/', 'x', unconditional, access), configure);
  assert.throws(
    () => topology.declareExchange('/', 'x', exchange, access),
    refused("configure access to exchange 'x'"),
  );
  const read = refused("read access to queue 'c'");
  await assert.rejects(topology.purgeQueue('/', 'c', access), read);
  const binding = { source: 'r', destinationType: 'queue', routingKey: '', arguments: {} } as const;
  assert.throws(
    () => topology.bind('/', { ...binding, destination: 'c' }, access),
    refused("write access to queue 'c'"),
  );
  assert.throws(() => admin.access(b.broker.users.require('bob'), 'v'), { code: 'not-allowed' });
});

test('a binding is found and removed by its properties key', async () => {
  const { b, admin } = await opened();
  const { topology } = admin;
  b.queue('q');
  const ends = { source: 'amq.topic', destinationType: 'queue', destination: 'q' } as const;
  const keys = [
    topology.bind('/', { ...ends, routingKey: '', arguments: {} }),
    topology.bind('/', { ...ends, routingKey: 'a b~c/*', arguments: {} }),
    topology.bind('/', { ...ends, routingKey: 'k', arguments: { n: 1 } }),
    topology.bind('/', { ...ends, routingKey: 'k', arguments: { n: 2 } }),
  ].map(({ propertiesKey }) => propertiesKey);
  assert.deepEqual(keys.slice(0, 2), ['~', 'a+b%7Ec%2F%2A']);
  assert.match(keys[2] ?? '', /^k~[\w-]{22}$/);
  assert.notEqual(keys[2], keys[3]);
  const listed = () => [...topology.bindings('/', ends)].map(({ propertiesKey }) => propertiesKey);
  assert.deepEqual(listed(), keys);
  topology.unbind('/', ends, keys[2] ?? '');
  assert.deepEqual(listed(), [keys[0], keys[1], keys[3]]);
  assert.throws(() => topology.unbind('/', ends, keys[2] ?? ''), { code: 'not-found' });
  const all = [...topology.bindings('/')].map(({ source, routingKey }) => [source, routingKey]);
  assert.deepEqual(all[0], ['', 'q'], 'the implicit binding');
  assert.equal([...topology.bindings('/', { destination: 'q' })].length, 4);
});

test('purging resolves with the number of messages that were ready', async () => {
  const { b, admin } = await opened();
  b.queue('q');
  for (let i = 0; i < 3; i++) b.publish('', 'q', 'm');
  assert.equal(await admin.topology.purgeQueue('/', 'q'), 3);
  assert.deepEqual(b.drain('q'), []);
});

test('the effective policy names both policies and merges them', async () => {
  const { b, admin } = await opened();
  const { policies } = admin;
  const queue = b.queue('q');
  assert.deepEqual(policies.effective(queue), {
    policy: undefined,
    operatorPolicy: undefined,
    definition: {},
  });
  const policy = { pattern: '', applyTo: 'queues', priority: 0 } as const;
  const own = { 'max-length': 5, 'dead-letter-exchange': 'x' };
  policies.put({ isOperator: false }, '/', { ...policy, name: 'p', definition: own });
  const limit = { 'max-length': 3, expires: 1000 };
  policies.put({ isOperator: true }, '/', { ...policy, name: 'o', definition: limit });
  assert.deepEqual(policies.effective(queue), {
    policy: 'p',
    operatorPolicy: 'o',
    definition: { 'max-length': 3, expires: 1000, 'dead-letter-exchange': 'x' },
  });
  assert.deepEqual(policies.effective(b.vhost.exchange('amq.fanout')).definition, {});
});
