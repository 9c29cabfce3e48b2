import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  commitNow,
  Inbox,
  message,
  plainSubscribe,
} from '../../tests/support/bare-broker.ts';
import type { Arguments } from './arguments.ts';
import { Transaction } from './transaction.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;
const rejects = { 'x-overflow': text('reject-publish') };
const buries = {
  'x-dead-letter-exchange': text(''),
  'x-dead-letter-routing-key': text('dead'),
};

/** Publishes bodies and says of each whether it was refused. */
function refusals(b: BareBroker, queue: string, bodies: readonly string[]): boolean[] {
  return bodies.map((body) => {
    return b.publish('', queue, body).isRefused;
  });
}

function deadIn(b: BareBroker, args: Arguments = {}) {
  const inbox = new Inbox();
  b.queue('dead', args).subscribe(inbox, { ...plainSubscribe, settled: true });
  b.broker.pump();
  const reasons = inbox.headers.map((headers) => headers['x-first-death-reason']?.value);
  return inbox.bodies.map((body, i) => `${body} ${reasons[i]}`);
}

test('a reject-publish queue rejects messages above its length and keeps the existing ones', async () => {
  const b = await BareBroker.open();
  b.queue('q', { ...rejects, 'x-max-length': int(2) });
  assert.deepEqual(refusals(b, 'q', ['a', 'b', 'c', 'd']), [false, false, true, true]);
  assert.deepEqual(b.drain('q'), ['a', 'b']);
  assert.deepEqual(refusals(b, 'q', ['e']), [false]);
});

test('messages taken by a waiting consumer do not count against reject-publish', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { ...rejects, 'x-max-length': int(1) });
  const inbox = new Inbox();
  queue.subscribe(inbox, { ...plainSubscribe, prefetch: 3 });
  const bodies = ['a', 'b', 'c', 'd', 'e'];
  assert.deepEqual(refusals(b, 'q', bodies), [false, false, false, false, true]);
  assert.deepEqual(inbox.bodies, ['a', 'b', 'c']);
});

test('a byte limit counts the bodies of ready messages', async () => {
  const b = await BareBroker.open();
  b.queue('q', { ...rejects, 'x-max-length-bytes': int(10) });
  assert.deepEqual(refusals(b, 'q', ['12345', '123456', '12345', '']), [false, true, false, false]);
  b.queue('drop', { 'x-max-length-bytes': int(10) });
  for (const body of ['11111', '22222', '3', '44444']) b.publish('', 'drop', body);
  assert.deepEqual(b.drain('drop'), ['3', '44444']);
  b.publish('', 'drop', 'x'.repeat(11));
  assert.equal(b.queue('drop', { 'x-max-length-bytes': int(10) }).readyCount, 0);
});

test('one full queue rejects the publish, and the other queues still get the message', async () => {
  const b = await BareBroker.open();
  const fanout = b.vhost.exchange('amq.fanout');
  b.vhost.bind(fanout, b.queue('full', { ...rejects, 'x-max-length': int(0) }), '', {});
  b.vhost.bind(fanout, b.queue('free'), '', {});
  assert.equal(b.publish('amq.fanout', '', 'm').isRefused, true);
  assert.deepEqual(b.drain('free'), ['m']);
});

test('reject-publish-dlx rejects a message and dead-letters it', async () => {
  const b = await BareBroker.open();
  b.queue('dead');
  b.queue('q', { ...buries, 'x-overflow': text('reject-publish-dlx'), 'x-max-length': int(1) });
  assert.deepEqual(refusals(b, 'q', ['a', 'b', 'c']), [false, true, true]);
  assert.deepEqual(deadIn(b), ['b maxlen', 'c maxlen']);
  assert.deepEqual(b.drain('q'), ['a']);
});

test('reject-publish does not dead-letter', async () => {
  const b = await BareBroker.open();
  b.queue('dead');
  b.queue('q', { ...buries, ...rejects, 'x-max-length': int(1) });
  assert.deepEqual(refusals(b, 'q', ['a', 'b']), [false, true]);
  assert.deepEqual(deadIn(b), []);
});

test('messages dropped from the head are dead-lettered, oldest first', async () => {
  const b = await BareBroker.open();
  b.queue('dead');
  b.queue('q', { ...buries, 'x-max-length': int(2) });
  for (const body of ['a', 'b', 'c', 'd']) b.publish('', 'q', body);
  assert.deepEqual(deadIn(b), ['a maxlen', 'b maxlen']);
  assert.deepEqual(b.drain('q'), ['c', 'd']);
});

test('a full dead letter queue with reject-publish drops the dead letter', async () => {
  const b = await BareBroker.open();
  b.queue('dead', { ...rejects, 'x-max-length': int(1) });
  b.queue('q', { ...buries, 'x-max-length': int(0) });
  assert.deepEqual(refusals(b, 'q', ['a', 'b']), [false, false]);
  assert.deepEqual(deadIn(b, { ...rejects, 'x-max-length': int(1) }), ['a maxlen']);
});

test('a full priority queue drops the highest priority first, like RabbitMQ', async () => {
  const b = await BareBroker.open();
  b.queue('q', { 'x-max-priority': int(9), 'x-max-length': int(2) });
  b.publish('', 'q', 'low', { priority: 1 });
  b.publish('', 'q', 'high', { priority: 8 });
  b.publish('', 'q', 'middle', { priority: 5 });
  assert.deepEqual(b.drain('q'), ['middle', 'low']);
});

test('a consumer with credit gets messages that would otherwise be dropped', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-max-length': int(1) });
  const inbox = new Inbox();
  queue.subscribe(inbox, { ...plainSubscribe, prefetch: 2 });
  for (const body of ['a', 'b', 'c', 'd']) b.publish('', 'q', body);
  b.broker.pump();
  assert.deepEqual([inbox.bodies, b.drain('q')], [['a', 'b'], ['d']]);
});

test('messages requeued to a full queue are dropped from its head', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-max-length': int(2) });
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, prefetch: 2 });
  for (const body of ['a', 'b', 'c', 'd']) b.publish('', 'q', body);
  b.broker.pump();
  subscription.stop();
  subscription.close('released');
  assert.deepEqual(b.drain('q'), ['c', 'd']);
});

test('messages requeued to a reject-publish queue are all kept', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { ...rejects, 'x-max-length': int(1) });
  const subscription = queue.subscribe(new Inbox(), { ...plainSubscribe, prefetch: 1 });
  b.publish('', 'q', 'a');
  b.broker.pump();
  b.publish('', 'q', 'b');
  subscription.stop();
  subscription.close('released');
  assert.equal(queue.readyCount, 2);
  assert.deepEqual(refusals(b, 'q', ['c']), [true]);
  assert.deepEqual(b.drain('q'), ['a', 'b']);
});

test('a transaction with dead letters is recovered completely or not at all', async () => {
  for (let rows = 0; ; rows++) {
    const b = await BareBroker.open();
    b.queue('dead');
    const queue = b.queue('q', buries);
    for (const body of ['a', 'b']) b.publish('', 'q', body);
    const subscription = queue.subscribe(new Inbox(), plainSubscribe);
    b.broker.pump();
    b.log.syncNow();
    const before = b.log.rows.length;
    const transaction = new Transaction(b.broker, b.vhost);
    const publication = message(b.broker, '', 'q', 'new');
    publication.isPersistent = true;
    transaction.publish(publication);
    transaction.settle(subscription, 0, 0, 'rejected');
    transaction.settle(subscription, 1, 1, 'accepted');
    commitNow(transaction);
    const written = b.log.rows.length - before;
    const after = await BareBroker.open(b, {}, before + rows);
    const found = [after.drain('q').join(), after.drain('dead').join()];
    const isWhole = rows >= written;
    assert.deepEqual(found, isWhole ? ['new', 'a'] : ['a,b', ''], `${rows} of ${written} records`);
    if (isWhole) return;
  }
});

test('a quorum queue with reject-publish-dlx drops its first message, as in RabbitMQ', async () => {
  const b = await BareBroker.open();
  const quorum = { 'x-queue-type': text('quorum'), 'x-max-length': int(1) };
  b.queue('q', { ...quorum, 'x-overflow': text('reject-publish-dlx') });
  assert.deepEqual(refusals(b, 'q', ['a', 'b']), [false, false]);
  const inbox = new Inbox();
  b.vhost.queue('q', undefined).subscribe(inbox, plainSubscribe);
  b.broker.pump();
  assert.deepEqual(inbox.bodies, ['b']);
});
