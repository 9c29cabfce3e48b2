import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import type { Argument, Arguments } from '../arguments.ts';
import type { Policy } from './policy.ts';

const int = (value: number): Argument => ({ type: 'signedint', value });
const text = (value: string): Argument => ({ type: 'longstr', value });
const turn = () => new Promise((resolve) => setImmediate(resolve));

const policy = (name: string, definition: Policy['definition'], more: Partial<Policy> = {}) => ({
  name,
  pattern: '.*',
  applyTo: 'all' as const,
  priority: 0,
  definition,
  ...more,
});
const users = { isOperator: false };
const operators = { isOperator: true };

async function idle({ broker }: BareBroker): Promise<void> {
  while (!broker.background.isIdle || broker.turns.background.isPending) await turn();
}

const settingsOf = (b: BareBroker, queue: string) => b.vhost.queue(queue, undefined).settings;

test('the matching policy of the highest priority applies; ties go to the first name', async () => {
  const b = await BareBroker.open();
  const { settings } = b.vhost;
  for (const name of ['a', 'ab', 'b']) b.queue(name);
  settings.setPolicy(policy('low', { 'max-length': 1 }, { priority: -1 }), users);
  settings.setPolicy(policy('mid-2', { 'max-length': 2 }, { pattern: '^a' }), users);
  settings.setPolicy(policy('mid-1', { 'max-length': 3, expires: 9e9 }, { pattern: 'a$' }), users);
  settings.setPolicy(
    policy('high', { 'max-length': 4 }, { priority: 9, applyTo: 'exchanges' }),
    users,
  );
  const lengths = ['a', 'ab', 'b'].map((name) => settingsOf(b, name).lengthMax);
  assert.deepEqual(lengths, [3, 2, 1]);
  b.queue('later-a');
  assert.equal(settingsOf(b, 'later-a').lengthMax, 3);
  settings.deletePolicy('mid-1', users);
  assert.deepEqual([settingsOf(b, 'a').lengthMax, settingsOf(b, 'a').expiresMs], [2, Infinity]);
  assert.throws(() => settings.deletePolicy('mid-1', users), { code: 'not-found' });
});

test('a policy applies only to the queue kinds that it names', async () => {
  const b = await BareBroker.open();
  b.queue('classic');
  b.queue('quorum', { 'x-queue-type': text('quorum') });
  const { settings } = b.vhost;
  settings.setPolicy(policy('p', { 'max-length': 5 }, { applyTo: 'quorum_queues' }), users);
  const lengths = () => ['classic', 'quorum'].map((name) => settingsOf(b, name).lengthMax);
  assert.deepEqual(lengths(), [Infinity, 5]);
  settings.setPolicy(policy('p', { 'max-length': 6 }, { applyTo: 'classic_queues' }), users);
  assert.deepEqual(lengths(), [6, Infinity]);
  settings.setPolicy(policy('p', { 'max-length': 7 }, { applyTo: 'streams' }), users);
  assert.deepEqual(lengths(), [Infinity, Infinity]);
});

test('the smallest limit applies; for other settings, arguments override the policy', async () => {
  const b = await BareBroker.open();
  const args: Arguments = {
    'x-max-length': int(10),
    'x-message-ttl': int(5000),
    'x-overflow': text('reject-publish'),
    'x-dead-letter-exchange': text('own'),
  };
  b.queue('with', args);
  b.queue('without');
  const definition = {
    'max-length': 20,
    'message-ttl': 4000,
    overflow: 'reject-publish-dlx',
    'dead-letter-exchange': 'policy',
    'dead-letter-routing-key': 'key',
    'consumer-timeout': 1000,
    'delivery-limit': 3,
  };
  b.vhost.settings.setPolicy(policy('p', definition), users);
  const operator = { 'max-length': 15, 'message-ttl': 4500, expires: 100_000 };
  b.vhost.settings.setPolicy(policy('o', operator), operators);
  const { type, ...found } = settingsOf(b, 'with');
  assert.deepEqual(
    [type, found.lengthMax, found.ttlMs, found.expiresMs, found.overflow],
    ['classic', 10, 4000, 100_000, 'reject-publish'],
  );
  assert.deepEqual([found.deadLetterExchange, found.deadLetterKey], ['own', 'key']);
  assert.deepEqual([found.consumerTimeoutMs, found.deliveryLimit], [1000, Infinity]);
  const other = settingsOf(b, 'without');
  assert.deepEqual(
    [other.lengthMax, other.overflow, other.deadLetterExchange],
    [15, 'reject-publish-dlx', 'policy'],
  );
});

test('lowering a policy limit drops the messages above it', async () => {
  const b = await BareBroker.open(undefined, { workUnitsMax: 100 });
  const dead = b.queue('dead');
  b.queue('q');
  for (let i = 0; i < 1000; i++) b.publish('', 'q', String(i));
  const definition = {
    'max-length': 3,
    'dead-letter-exchange': '',
    'dead-letter-routing-key': 'dead',
  };
  b.vhost.settings.setPolicy(policy('p', definition, { pattern: '^q$' }), users);
  await turn();
  assert.ok(dead.readyCount < 997, 'it is done in slices');
  await idle(b);
  assert.deepEqual(b.drain('q'), ['997', '998', '999']);
  assert.equal(dead.readyCount, 997);
  b.vhost.settings.deletePolicy('p', users);
  await idle(b);
  for (let i = 0; i < 5; i++) b.publish('', 'q', String(i));
  assert.equal(b.drain('q').length, 5);
});

test('messages expire when a policy with a TTL is applied to their queue', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  b.vhost.settings.setPolicy(policy('p', { 'message-ttl': 1000 }), users);
  b.publish('', 'q', 'expires');
  b.vhost.settings.deletePolicy('p', users);
  b.publish('', 'q', 'stays');
  b.clock.ms += 2000;
  b.broker.tick();
  await idle(b);
  assert.deepEqual(b.drain('q'), ['stays']);
});

test('a queue expires according to its current policy', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  b.vhost.settings.setPolicy(policy('p', { expires: 1000 }), users);
  b.vhost.settings.setPolicy(policy('p', { expires: 5000 }), users);
  b.clock.ms += 2000;
  b.broker.tick();
  assert.equal(b.vhost.queues.has('q'), true);
  b.clock.ms += 4000;
  b.broker.tick();
  assert.equal(b.vhost.queues.has('q'), false);
});

test('an exchange uses the alternate exchange of its policy if it has none of its own', async () => {
  const b = await BareBroker.open();
  const options = { durable: true, autoDelete: false, internal: false };
  const own = { 'alternate-exchange': text('amq.direct') };
  b.vhost.declareExchange('plain', 'direct', { ...options, arguments: {} });
  b.vhost.declareExchange('own', 'direct', { ...options, arguments: own });
  b.vhost.bind(b.vhost.exchange('amq.fanout'), b.queue('rest'), '', {});
  const publish = () => {
    for (const name of ['plain', 'own', '']) b.publish(name, 'nowhere', name);
    return b.drain('rest');
  };
  assert.deepEqual(publish(), []);
  const definition = { 'alternate-exchange': 'amq.fanout' };
  b.vhost.settings.setPolicy(policy('p', definition, { pattern: '^(plain|own|)$' }), users);
  assert.deepEqual(publish(), ['plain']);
  b.vhost.settings.deletePolicy('p', users);
  assert.deepEqual(publish(), []);
});

test('policies and limits survive a restart and apply to recovered queues', async () => {
  const b = await BareBroker.open();
  b.queue('q');
  b.vhost.settings.setPolicy(policy('gone', { 'max-length': 1 }), users);
  b.vhost.settings.setPolicy(policy('p', { 'max-length': 2, 'message-ttl': 1000 }), users);
  b.vhost.settings.setPolicy(policy('o', { 'max-length-bytes': 50 }), operators);
  b.vhost.settings.deletePolicy('gone', users);
  b.vhost.settings.setLimit('max-queues', 1);
  b.publish('', 'q', 'm');
  b.log.syncNow();
  const again = await BareBroker.open(b);
  const { lengthMax, bytesMax, ttlMs } = settingsOf(again, 'q');
  assert.deepEqual([lengthMax, bytesMax, ttlMs], [2, 50, 1000]);
  assert.deepEqual([...again.vhost.settings.snapshot()], [...b.vhost.settings.snapshot()]);
  assert.throws(() => again.queue('second'), { code: 'precondition-failed' });
  again.clock.ms += 2000;
  again.broker.tick();
  await idle(again);
  assert.deepEqual(again.drain('q'), []);
});

test('virtual host limits are enforced and can be removed', async () => {
  const b = await BareBroker.open();
  b.vhost.settings.setLimit('max-queues', 1);
  b.queue('first');
  const refused = { code: 'precondition-failed', message: /queue limit in vhost '\/' \(1\)/ };
  assert.throws(() => b.queue('second'), refused);
  b.vhost.settings.setLimit('max-queues', -1);
  b.queue('second');
  const user = b.broker.users.require('ann');
  const access = b.broker.access(user, '/');
  b.broker.clientConnections.add({ access, channelCount: 0, shutdown: () => {} });
  b.vhost.settings.setLimit('max-connections', 1);
  const full = { code: 'not-allowed', message: /connection limit \(1\) is reached/ };
  assert.throws(() => b.broker.access(user, '/'), full);
  assert.throws(() => b.vhost.settings.setLimit('max-queues', 1.5), /not a whole number/);
});

const wrong: readonly (readonly [string, Partial<Policy>, RegExp])[] = [
  ['a pattern that is none', { pattern: '(' }, /not a supported regular expression/],
  ['a pattern that is too long', { pattern: 'a'.repeat(256) }, /longer than 255/],
  ['a name that is too long', { name: 'a'.repeat(256) }, /longer than 255/],
  [
    'an unknown key',
    { definition: { 'max-lenght': 1 } },
    /'max-lenght' is not a recognised policy/,
  ],
  ['a negative limit', { definition: { 'max-length': -1 } }, /-1 is not a valid maximum length/],
  ['a text for a number', { definition: { expires: '1' } }, /"1" is not a valid queue expiry/],
  ['an expiry of 0', { definition: { expires: 0 } }, /0 is not a valid queue expiry/],
  [
    'a time to live above ten years',
    { definition: { 'message-ttl': 4e11 } },
    /not a valid message/,
  ],
  ['an unknown word', { definition: { overflow: 'drop' } }, /not a valid overflow mode/],
  ['nothing', { definition: {} }, /definition is empty/],
  ['a priority that is no whole number', { priority: 0.5 }, /not a whole number/],
  [
    'a long routing key',
    { definition: { 'dead-letter-routing-key': 'k'.repeat(256) } },
    /longer than 255/,
  ],
  ['a long definition', { definition: { 'ha-params': ['n'.repeat(20_000)] } }, /longer than 16384/],
];

for (const [what, changes, message] of wrong) {
  test(`a policy is rejected with ${what}`, async () => {
    const b = await BareBroker.open();
    const refused = { code: 'precondition-failed', message };
    const asked = { ...policy('p', { 'max-length': 1 }), ...changes };
    assert.throws(() => b.vhost.settings.setPolicy(asked, users), refused);
    assert.equal(b.vhost.settings.policies.size, 0);
  });
}

test('an operator policy can only set limits, and the number of policies is limited', async () => {
  const b = await BareBroker.open(undefined, { policyCountMax: 2 });
  const { settings } = b.vhost;
  const refused = { code: 'precondition-failed', message: /not a recognised operator policy/ };
  const own = policy('o', { 'dead-letter-exchange': 'x' });
  assert.throws(() => settings.setPolicy(own, operators), refused);
  for (const name of ['a', 'b', 'b']) settings.setPolicy(policy(name, { expires: 1e9 }), users);
  const full = { code: 'precondition-failed', message: /policy limit in vhost '\/' \(2\)/ };
  assert.throws(() => settings.setPolicy(policy('c', { expires: 1e9 }), users), full);
  settings.setPolicy(policy('o', { expires: 1e9 }), operators);
});

test('a consumer keeps its deliveries when settings change', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const inbox = new Inbox();
  const consumer = queue.subscribe(inbox, { ...plainSubscribe, prefetch: 5 });
  for (let i = 0; i < 20; i++) b.publish('', 'q', String(i));
  b.broker.pump();
  b.vhost.settings.setPolicy(policy('p', { 'max-length': 1 }), users);
  await idle(b);
  assert.deepEqual([inbox.bodies.length, queue.readyCount], [5, 1]);
  consumer.settle(inbox.numbers[0] ?? 0, inbox.numbers[4] ?? 0, 'accepted');
  b.broker.pump();
  assert.equal(inbox.bodies.at(-1), '19');
});
