import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  Inbox,
  message,
  owner,
  plainSubscribe,
} from '../../../tests/support/bare-broker.ts';
import { noArguments } from '../arguments.ts';
import type { Limits } from '../limits.ts';
import { type SubscriptionRequest, TopicSubscriptions } from './topic-subscriptions.ts';

const key = { clientId: 'meter/7', name: 'readings' };

async function opened(before?: BareBroker, limits: Partial<Limits> = {}) {
  const b = await BareBroker.open(before, limits);
  const options = { durable: true, autoDelete: false, internal: false, arguments: noArguments };
  const topics = b.vhost.declareExchange('topics', 'x-mqtt-topic', options);
  const subscriptions = new TopicSubscriptions(b.vhost);
  const request = (changes: Partial<SubscriptionRequest> = {}): SubscriptionRequest => ({
    topics,
    filters: ['meters/+/power'],
    key,
    isShared: false,
    isDurable: true,
    terms: '',
    arguments: noArguments,
    owner,
    ...changes,
  });
  return { b, subscriptions, request };
}

test('a durable subscription survives its client and a restart, with its backlog', async () => {
  const { b, subscriptions, request } = await opened();
  const { queue, isNew } = subscriptions.open(request());
  assert.equal(isNew, true);
  b.publish('topics', 'meters/7/power', 'first');
  b.publish('topics', 'meters/7/other', 'not asked for');
  b.log.syncNow();
  const again = await opened(b);
  const found = again.subscriptions.open(again.request());
  assert.deepEqual([found.isNew, found.queue.name], [false, queue.name]);
  again.b.publish('topics', 'meters/8/power', 'second');
  assert.deepEqual(again.b.drain(found.queue.name), ['first', 'second']);
});

test('a non-durable subscription ends with its connection', async () => {
  const { b, subscriptions, request } = await opened();
  const { queue } = subscriptions.open(
    request({ key: undefined, isDurable: false, filters: ['#'] }),
  );
  b.publish('topics', 'a/b', 'm');
  b.publish('topics', '$SYS/b', 'hidden');
  assert.deepEqual(b.drain(queue.name), ['m']);
  b.broker.background.run(b.vhost.release(owner));
  assert.equal(queue.isDeleted, true);
});

test('changing the filters or selector of a durable subscription creates a new one', async () => {
  const { b, subscriptions, request } = await opened();
  subscriptions.open(request());
  for (const change of [{ terms: 'price > 5' }, { filters: ['#'] }, { filters: ['a', 'b'] }]) {
    b.publish('topics', 'meters/7/power', 'm');
    assert.equal(subscriptions.open(request(change)).isNew, true, JSON.stringify(change));
    assert.equal(subscriptions.find(key)?.readyCount, 0);
    assert.equal(subscriptions.open(request(change)).isNew, false);
  }
});

test('without memory for a changed subscription, the existing one keeps its backlog', async () => {
  const { b, subscriptions, request } = await opened(undefined, { memoryBytesMax: 1 });
  const { queue } = subscriptions.open(request());
  b.publish('topics', 'meters/7/power', 'm');
  b.broker.tick();
  const refused = { code: 'resource-error', message: /memory/ };
  assert.throws(() => subscriptions.open(request({ terms: 'price > 5' })), refused);
  const same = subscriptions.open(request());
  assert.deepEqual([same.isNew, same.queue === queue, queue.readyCount], [false, true, 1]);
});

test('a subscription in use cannot be opened again or deleted', async () => {
  const { subscriptions, request } = await opened();
  const { queue } = subscriptions.open(request());
  const consumer = queue.subscribe(new Inbox(), plainSubscribe);
  const inUse = { code: 'resource-locked', message: /readings.*meter\/7.*in use/ };
  assert.throws(() => subscriptions.open(request()), inUse);
  assert.throws(() => subscriptions.delete(key), inUse);
  consumer.close('released');
  subscriptions.delete(key);
  assert.equal(queue.isDeleted, true);
  assert.throws(() => subscriptions.delete(key), { code: 'not-found' });
});

test('consumers of a shared subscription share its messages', async () => {
  const { b, subscriptions, request } = await opened();
  const inboxes = [new Inbox(), new Inbox()];
  for (const inbox of inboxes) {
    const { queue } = subscriptions.open(request({ isShared: true }));
    queue.subscribe(inbox, plainSubscribe);
  }
  for (let i = 0; i < 4; i++) b.publish('topics', 'meters/1/power', String(i));
  b.broker.pump();
  assert.deepEqual(
    inboxes.map(({ bodies }) => bodies.length),
    [2, 2],
  );
});

test('a non-durable shared subscription ends with its last consumer', async () => {
  const { b, subscriptions, request } = await opened();
  const group = { key: { clientId: '', name: 'group' }, isShared: true, isDurable: false };
  const first = subscriptions.open(request(group)).queue;
  const consumers = [first, subscriptions.open(request(group)).queue].map((queue) =>
    queue.subscribe(new Inbox(), plainSubscribe),
  );
  b.publish('topics', 'meters/1/power', 'm');
  consumers[0]?.close('released');
  assert.equal(first.isDeleted, false);
  consumers[1]?.close('released');
  assert.equal(first.isDeleted, true);
  assert.equal(subscriptions.open(request(group)).isNew, true);
});

test('every subscription has its own queue', async () => {
  const { subscriptions, request } = await opened();
  const long = 'x'.repeat(60_000);
  const pairs = [
    ['a:b', 'c'],
    ['a', 'b:c'],
    ['a%3Ab', 'c'],
    ['', 'a'],
    ['a', ''],
    [long, 'a'],
    [long, 'b'],
    ['\udc80', ''],
    ['\udc81', ''],
  ];
  const names = pairs.map(([clientId = '', name = '']) => {
    return subscriptions.open(request({ key: { clientId, name }, filters: [] })).queue.name;
  });
  assert.equal(new Set(names).size, pairs.length);
});

test('topics and filters of 65,535 bytes survive a restart and dead-lettering', async () => {
  const { b, subscriptions, request } = await opened();
  const levels = 'l/'.repeat(20_000);
  const topic = `${levels}${'x'.repeat(65_535 - levels.length)}`;
  const text = (value: string) => ({ type: 'longstr', value }) as const;
  const args = { 'x-dead-letter-exchange': text('amq.fanout') };
  const { queue } = subscriptions.open(request({ filters: [topic], arguments: args }));
  b.vhost.bind(b.vhost.exchange('amq.fanout'), b.queue('dead'), '', noArguments);
  const publication = message(b.broker, 'topics', '', 'm');
  publication.isPersistent = true;
  publication.setAddress('topics', topic);
  b.broker.publish(b.vhost, publication);
  b.log.syncNow();
  const again = await opened(b);
  const consumer = again.b.vhost.queue(queue.name, owner).subscribe(undefined, plainSubscribe);
  consumer.get(false, (d) => {
    assert.equal(d?.routingKey(), topic);
    consumer.settle(d?.deliveryNumber ?? -1, d?.deliveryNumber ?? -1, 'rejected');
  });
  again.b.broker.pump();
  const dead = again.b.vhost.queue('dead', owner).subscribe(undefined, plainSubscribe);
  dead.get(true, (d) => {
    assert.deepEqual([d?.exchangeName(), d?.routingKey()], ['amq.fanout', topic]);
  });
  const tooLong = /65536 bytes is longer than 65535/;
  assert.throws(() => publication.setAddress('topics', `${topic}x`), tooLong);
});

test('a long pattern with an inner # wildcard is rejected', async () => {
  const { b } = await opened();
  const long = `${'a.'.repeat(200)}b`;
  b.vhost.bind(b.vhost.exchange('amq.topic'), b.queue('q'), `${long}.#`, noArguments);
  const refused = { code: 'precondition-failed', message: /pattern with '#' inside of 40\d bytes/ };
  const bind = () => b.vhost.bind(b.vhost.exchange('amq.topic'), b.queue('q'), `#.${long}`, {});
  assert.throws(bind, refused);
});
