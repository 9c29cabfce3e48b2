import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  commitNow,
  Inbox,
  login,
  message,
  owner,
  plainSubscribe,
} from '../../tests/support/bare-broker.ts';
import type { Arguments } from './arguments.ts';
import { BrokerError } from './errors.ts';
import { CreditPool } from './flow/credit-pool.ts';
import { Transaction } from './transaction.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;
const plain = { durable: true, autoDelete: false, internal: false, arguments: {} };

function refusal(code: string, message: string) {
  return (error: unknown) => {
    assert.ok(error instanceof BrokerError);
    assert.deepEqual([error.code, error.message], [code, message]);
    return true;
  };
}

test('messages are delivered in order, and an accepted message is removed', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  for (let i = 0; i < 1000; i++) b.publish('', 'q', `m${i}`);
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  b.broker.pump();
  assert.deepEqual(
    inbox.bodies,
    Array.from({ length: 1000 }, (_, i) => `m${i}`),
  );
  assert.equal(queue.readyCount, 0);
  assert.equal(subscription.settle(0, 999, 'accepted'), 1000);
  assert.equal(subscription.settle(0, 999, 'accepted'), 0);
  assert.equal(queue.index.count, 0);
});

test('a requeued message keeps its position and is marked as redelivered', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  for (const body of ['a', 'b', 'c', 'd']) b.publish('', 'q', body);
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, prefetch: 3 });
  b.broker.pump();
  assert.deepEqual(inbox.bodies, ['a', 'b', 'c']);
  subscription.settle(1, 1, 'accepted');
  subscription.stop();
  subscription.close('released');
  assert.deepEqual(b.drain('q'), ['a', 'c', 'd']);
});

test('prefetch and a shared credit pool limit the unsettled messages', async () => {
  const b = await BareBroker.open();
  const pool = new CreditPool(b.broker);
  pool.setLimit(3);
  const inboxes = [new Inbox(), new Inbox()];
  const queue = b.queue('q');
  const subscriptions = inboxes.map((inbox) =>
    queue.subscribe(inbox, { ...plainSubscribe, prefetch: 2, pool }),
  );
  for (let i = 0; i < 10; i++) b.publish('', 'q', `${i}`);
  b.broker.pump();
  assert.deepEqual(
    inboxes.map((inbox) => inbox.bodies),
    [['0', '2'], ['1']],
  );
  subscriptions[1]?.settle(0, 0, 'accepted');
  b.broker.pump();
  assert.deepEqual(
    inboxes.map((inbox) => inbox.bodies),
    [
      ['0', '2'],
      ['1', '3'],
    ],
  );
});

test('a blocked transport receives no deliveries until it is writable', async () => {
  const b = await BareBroker.open();
  const inbox = new Inbox();
  inbox.isWritable = false;
  const subscription = b.queue('q').subscribe(inbox, plainSubscribe);
  b.publish('', 'q', 'x');
  b.broker.pump();
  assert.equal(inbox.bodies.length, 0);
  inbox.isWritable = true;
  subscription.wake();
  b.broker.pump();
  assert.deepEqual(inbox.bodies, ['x']);
});

test('exchanges of every type route according to their bindings', async () => {
  const b = await BareBroker.open();
  for (const type of ['direct', 'fanout', 'topic', 'headers']) {
    b.vhost.declareExchange(`x.${type}`, type, plain);
  }
  const bind = (exchange: string, queue: string, key: string, args: Arguments = {}) =>
    b.vhost.bind(b.vhost.exchange(exchange), b.queue(queue), key, args);
  bind('x.direct', 'a', 'k');
  bind('x.fanout', 'a', '');
  bind('x.fanout', 'b', '');
  bind('x.topic', 'a', 'log.*.error');
  bind('x.topic', 'b', 'log.#');
  bind('x.topic', 'c', '#');
  bind('x.topic', 'c', 'log.db.error');
  bind('x.headers', 'a', '', { 'x-match': text('all'), n: int(1), s: text('x') });
  bind('x.headers', 'b', '', { 'x-match': text('any'), n: int(1), s: text('x') });
  const routed = (exchange: string, key: string, headers?: Arguments) => {
    b.publish(exchange, key, 'm', headers === undefined ? {} : { headers });
    const got = ['a', 'b', 'c'].filter((name) => b.queue(name).readyCount > 0).join('');
    for (const name of ['a', 'b', 'c']) b.queue(name).purge(() => {});
    return got;
  };
  assert.equal(routed('x.direct', 'k'), 'a');
  assert.equal(routed('x.direct', 'other'), '');
  assert.equal(routed('x.fanout', 'any'), 'ab');
  assert.equal(routed('x.topic', 'log.db.error'), 'abc');
  assert.equal(routed('x.topic', 'log'), 'bc');
  assert.equal(routed('x.topic', 'other.thing'), 'c');
  assert.equal(routed('x.headers', '', { n: int(1), s: text('x') }), 'ab');
  assert.equal(routed('x.headers', '', { n: int(1) }), 'b');
  assert.equal(routed('x.headers', '', {}), '');
  b.vhost.unbind(b.vhost.exchange('x.topic'), b.queue('c'), '#', {});
  assert.equal(routed('x.topic', 'log.db.error'), 'abc');
  assert.equal(routed('x.topic', 'other.thing'), '');
});

test('circular exchange bindings and alternate exchanges reach each queue once', async () => {
  const b = await BareBroker.open();
  const one = b.vhost.declareExchange('one', 'fanout', plain);
  const two = b.vhost.declareExchange('two', 'fanout', plain);
  b.vhost.bind(one, two, '', {});
  b.vhost.bind(two, one, '', {});
  b.vhost.bind(two, b.queue('q'), '', {});
  b.vhost.bind(one, b.queue('q'), '', {});
  b.vhost.declareExchange('main', 'direct', {
    ...plain,
    arguments: { 'alternate-exchange': text('one') },
  });
  b.publish('main', 'nobody', 'm');
  assert.deepEqual(b.drain('q'), ['m']);
});

test('a conflicting redeclaration is rejected with RabbitMQ’s error text', async () => {
  const b = await BareBroker.open();
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  b.queue('q', { 'x-max-length': int(5) });
  assert.throws(
    () => b.vhost.declareQueue('q', { ...options, durable: false }, owner),
    refusal(
      'precondition-failed',
      "inequivalent arg 'durable' for queue 'q' in vhost '/': received 'false' but current is 'true'",
    ),
  );
  assert.throws(
    () => b.queue('q'),
    refusal(
      'precondition-failed',
      "inequivalent arg 'x-max-length' for queue 'q' in vhost '/': " +
        "received none but current is the value '5' of type 'signedint'",
    ),
  );
  // Of several arguments that differ, the one that RabbitMQ names: it depends on the type of the queue.
  const several = {
    'x-max-length': int(1),
    'x-dead-letter-exchange': text(''),
    'x-message-ttl': int(9),
  };
  b.queue('classic', several);
  assert.throws(() => b.queue('classic'), /inequivalent arg 'x-message-ttl' for queue 'classic'/);
  const quorum = { 'x-queue-type': text('quorum') };
  b.queue('quorum', { ...several, ...quorum });
  assert.throws(
    () => b.queue('quorum', quorum),
    /inequivalent arg 'x-dead-letter-exchange' for queue 'quorum'/,
  );
  assert.throws(
    () => b.vhost.queue('no', owner),
    refusal('not-found', "no queue 'no' in vhost '/'"),
  );
  assert.throws(
    () => b.vhost.declareExchange('amq.x', 'direct', plain),
    refusal('access-refused', "exchange name 'amq.x' contains reserved prefix 'amq.*'"),
  );
  assert.throws(
    () => b.vhost.declareExchange('x', 'x-odd', plain),
    refusal('precondition-failed', "unknown exchange type 'x-odd'"),
  );
  b.publish('', 'q', 'm');
  assert.throws(
    () => b.vhost.deleteQueue('q', owner, { ifUnused: false, ifEmpty: true }),
    refusal('precondition-failed', "queue 'q' in vhost '/' not empty"),
  );
});

test('an exclusive queue is restricted to its connection and deleted with it', async () => {
  const b = await BareBroker.open();
  const options = { durable: false, exclusive: true, autoDelete: false, arguments: {} };
  const queue = b.vhost.declareFreeQueue(b.vhost.freeQueueName(), options, owner);
  assert.match(queue.name, /^amq\.gen-[\w-]{22}$/);
  assert.throws(() => b.vhost.queue(queue.name, {}), { code: 'resource-locked' });
  b.broker.background.run(b.vhost.release(owner));
  assert.equal(b.vhost.queues.size, 0);
});

test('a deleted queue cancels its consumer; an auto-delete queue ends with its last consumer', async () => {
  const b = await BareBroker.open();
  const inbox = new Inbox();
  b.queue('q').subscribe(inbox, plainSubscribe);
  b.vhost.deleteQueue('q', owner, { ifUnused: false, ifEmpty: false });
  assert.match(inbox.cancelReason ?? '', /was deleted/);
  const options = { durable: false, exclusive: false, autoDelete: true, arguments: {} };
  b.vhost
    .declareQueue('auto', options, owner)
    .subscribe(new Inbox(), plainSubscribe)
    .close('released');
  assert.equal(b.vhost.queues.has('auto'), false);
});

test('messages of a higher priority are delivered first, each priority in order', async () => {
  const b = await BareBroker.open();
  b.queue('q', { 'x-max-priority': int(5) });
  for (const [body, priority] of [
    ['a', 0],
    ['b', 9],
    ['c', 3],
    ['d', 9],
    ['e', 0],
  ] as const) {
    b.publish('', 'q', body, { priority });
  }
  assert.deepEqual(b.drain('q'), ['b', 'd', 'c', 'a', 'e']);
});

test('a full queue drops its head or rejects the publish', async () => {
  const b = await BareBroker.open();
  b.queue('drop', { 'x-max-length': int(2) });
  b.queue('refuse', { 'x-max-length': int(2), 'x-overflow': text('reject-publish') });
  const refused = ['a', 'b', 'c'].map((body) => {
    b.publish('', 'drop', body);
    return b.publish('', 'refuse', body).isRefused;
  });
  assert.deepEqual(refused, [false, false, true]);
  assert.deepEqual(b.drain('drop'), ['b', 'c']);
  assert.deepEqual(b.drain('refuse'), ['a', 'b']);
});

test('expired, rejected and dropped messages are dead-lettered with the reason', async () => {
  const b = await BareBroker.open();
  const dlx = { 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('dead') };
  b.queue('dead');
  const queue = b.queue('q', { ...dlx, 'x-max-length': int(2) });
  b.publish('', 'q', 'dropped');
  b.publish('', 'q', 'expired', { expirationMs: 100 });
  b.publish('', 'q', 'rejected');
  b.clock.ms += 101;
  b.broker.tick();
  const subscription = queue.subscribe(new Inbox(), plainSubscribe);
  b.broker.pump();
  assert.equal(subscription.settle(0, 0, 'rejected'), 1);
  const inbox = new Inbox();
  b.queue('dead').subscribe(inbox, plainSubscribe);
  b.broker.pump();
  const reasons = inbox.headers.map((headers) => headers['x-first-death-reason']?.value);
  assert.deepEqual(inbox.bodies, ['dropped', 'expired', 'rejected']);
  assert.deepEqual(reasons, ['maxlen', 'expired', 'rejected']);
});

test('a dead letter cycle without a rejection is dropped', async () => {
  const b = await BareBroker.open();
  const to = (name: string) => ({
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text(name),
    'x-message-ttl': int(10),
  });
  b.queue('a', to('b'));
  b.queue('b', to('a'));
  b.publish('', 'a', 'm');
  for (let i = 0; i < 10; i++) {
    b.clock.ms += 11;
    b.broker.tick();
  }
  assert.equal(b.queue('a', to('b')).readyCount + b.queue('b', to('a')).readyCount, 0);
});

test('an unused queue expires', async () => {
  const b = await BareBroker.open();
  b.queue('q', { 'x-expires': int(1000) });
  b.clock.ms += 999;
  b.broker.tick();
  assert.equal(b.vhost.queues.size, 1);
  b.clock.ms += 1;
  b.broker.tick();
  assert.equal(b.vhost.queues.size, 0);
});

test('after a crash, synced messages exist and messages with a synced settlement do not', async () => {
  const b = await BareBroker.open();
  const exchange = b.vhost.declareExchange('x', 'topic', plain);
  b.vhost.bind(exchange, b.queue('q'), 'k.#', {});
  for (const body of ['a', 'b', 'c']) b.publish('x', 'k.1', body);
  b.publish('x', 'k.1', 'transient', { isPersistent: false });
  const subscription = b.queue('q').subscribe(new Inbox(), plainSubscribe);
  b.broker.pump();
  subscription.settle(1, 1, 'accepted');
  b.broker.pump();
  b.log.syncNow();
  b.publish('x', 'k.1', 'never synced');
  const after = await BareBroker.open(b);
  const inbox = new Inbox();
  after.queue('q').subscribe(inbox, plainSubscribe);
  after.publish('x', 'k.2', 'd');
  after.broker.pump();
  assert.deepEqual(inbox.bodies, ['a', 'c', 'd']);
  assert.deepEqual(inbox.redelivered, [true, true, false]);
});

test('after a clean stop, only delivered messages are marked as redelivered', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  b.publish('', 'q', 'a');
  b.publish('', 'q', 'b');
  const subscription = queue.subscribe(new Inbox(), { ...plainSubscribe, prefetch: 1 });
  b.broker.pump();
  subscription.stop();
  subscription.close('released');
  await b.broker.close();
  const after = await BareBroker.open(b);
  const inbox = new Inbox();
  after.queue('q').subscribe(inbox, plainSubscribe);
  after.broker.pump();
  assert.deepEqual(
    [inbox.bodies, inbox.redelivered],
    [
      ['a', 'b'],
      [true, false],
    ],
  );
});

test('a transaction takes effect on commit and not on rollback', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  b.publish('', 'q', 'old');
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, prefetch: 1 });
  b.broker.pump();
  const transaction = new Transaction(b.broker, b.vhost);
  transaction.publish(message(b.broker, '', 'q', 'undone'));
  transaction.rollback();
  transaction.publish(message(b.broker, '', 'q', 'new'));
  transaction.settle(subscription, 0, 0, 'accepted');
  assert.equal(queue.readyCount, 0);
  const taken: number[] = [];
  assert.ok(commitNow(transaction, (_, { routed }) => taken.push(routed)) > 0);
  b.broker.pump();
  assert.deepEqual([taken, inbox.bodies], [[1], ['old', 'new']]);
});

test('a user needs the password and may do what the permission patterns allow', async () => {
  const { broker } = await BareBroker.open();
  assert.equal(await login(broker, 'ann', 'wrong'), undefined);
  assert.equal(await login(broker, 'nobody', 'secret'), undefined);
  const user = await login(broker, 'ann', 'secret');
  assert.ok(user !== undefined);
  broker.access(user, '/').require('write', 'exchange', '');
  broker.setPermission('ann', '/', { configure: '', write: '^a', read: '.*' });
  const access = broker.access(user, '/');
  access.require('write', 'queue', 'abc');
  assert.throws(
    () => access.require('configure', 'queue', 'abc'),
    refusal(
      'access-refused',
      "configure access to queue 'abc' in vhost '/' refused for user 'ann'",
    ),
  );
});

test('messages on disk are loaded for delivery, get and dead-lettering', async () => {
  const b = await BareBroker.open();
  const dlx = { 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('dead') };
  b.queue('dead');
  const queue = b.queue('q', dlx);
  const body = 'x'.repeat(100_000);
  for (let i = 0; i < 9; i++) b.publish('', 'q', `${i}${body}`);
  b.log.evict();
  const puller = queue.subscribe(undefined, plainSubscribe);
  const got = await new Promise<string | undefined>((resolve) => {
    puller.get(true, (d) => resolve(d?.buffer.toString('utf8', d.bodyAt, d.bodyAt + 1)));
  });
  assert.equal(got, '0');
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, prefetch: 8 });
  b.broker.pump();
  while (inbox.bodies.length < 8) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(
    inbox.bodies.map((one) => one[0]),
    [...'12345678'],
  );
  b.log.evict();
  subscription.settle(0, 7, 'rejected');
  while (b.queue('dead').readyCount < 8) await new Promise((resolve) => setImmediate(resolve));
  b.log.evict();
  const dead = new Inbox();
  b.queue('dead').subscribe(dead, plainSubscribe);
  b.broker.pump();
  while (dead.bodies.length < 8) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(dead.bodies.map((one) => one[0]).sort(), [...'12345678']);
  assert.equal(queue.index.count, 0);
});

test('a message that exceeds the delivery limit is dropped', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', {
    'x-queue-type': text('quorum'),
    'x-delivery-limit': int(2),
  });
  b.publish('', 'q', 'm');
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  for (let i = 0; i < 5; i++) {
    b.broker.pump();
    subscription.settle(i, i, 'modified');
  }
  assert.deepEqual([inbox.bodies.length, queue.index.count], [3, 0]);
});

test('a single active consumer gets all messages; consumers of higher priority are served first', async () => {
  const b = await BareBroker.open();
  const single = b.queue('single', { 'x-single-active-consumer': { type: 'bool', value: true } });
  const [one, two] = [new Inbox(), new Inbox()];
  const first = single.subscribe(one, plainSubscribe);
  single.subscribe(two, plainSubscribe);
  for (const body of ['a', 'b']) b.publish('', 'single', body);
  b.broker.pump();
  first.close('released');
  b.broker.pump();
  assert.deepEqual(
    [one.bodies, two.bodies],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  );
  const queue = b.queue('q');
  const [low, high] = [new Inbox(), new Inbox()];
  queue.subscribe(low, plainSubscribe);
  queue.subscribe(high, { ...plainSubscribe, priority: 5, prefetch: 2 });
  for (const body of ['1', '2', '3']) b.publish('', 'q', body);
  b.broker.pump();
  assert.deepEqual([low.bodies, high.bodies], [['3'], ['1', '2']]);
});

test('publishers are blocked while memory is low or the log is behind, and then resume', async () => {
  const b = await BareBroker.open();
  const heard: string[] = [];
  b.broker.flow.add({
    blocked: (reason) => heard.push(reason),
    unblocked: () => heard.push('unblocked'),
    setPaused: (isPaused) => heard.push(`paused ${isPaused}`),
  });
  b.broker.flow.block('low on disk');
  b.broker.flow.block('low on memory');
  b.broker.flow.unblock('low on disk');
  assert.equal(b.broker.flow.blockedReason, 'low on memory');
  b.broker.flow.unblock('low on memory');
  assert.deepEqual(heard, ['low on disk', 'paused true', 'unblocked', 'paused false']);
});
