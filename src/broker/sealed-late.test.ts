import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inbox, message, owner, plainSubscribe } from '../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../tests/support/broker-on-log.ts';
import { until } from '../../tests/support/processes.ts';
import { noArguments } from './arguments.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const plain = { durable: true, exclusive: false, autoDelete: false };

/** The messages that a queue has, in order: some may have to be read back from the disk first. */
async function bodies({ broker }: BrokerOnLog, queue: string, count: number): Promise<string[]> {
  const inbox = new Inbox();
  broker
    .vhost('/')
    .queue(queue, owner)
    .subscribe(inbox, { ...plainSubscribe, settled: true });
  broker.pump();
  await until(`${count} messages`, () => inbox.bodies.length >= count);
  return inbox.bodies;
}

function body(i: number): string {
  return `${String(i).padStart(4, '0')}${'x'.repeat(1000)}`;
}

/** The number of a body that is undamaged; a description of any other. */
function name(found: string): number | string {
  const i = Number(found.slice(0, 4));
  return found === body(i) ? i : `not a body: ${found.slice(0, 20)}…`;
}

/** A queue with a dead letter queue behind it, and its messages with a consumer. */
async function consumed(count: number, segmentBytes: number) {
  const started = await BrokerOnLog.start({ segmentBytes });
  const { broker } = started;
  const vhost = broker.vhost('/');
  vhost.declareQueue('dead', { ...plain, arguments: noArguments }, owner);
  const dlx = { 'x-dead-letter-exchange': text(''), 'x-dead-letter-routing-key': text('dead') };
  const options = { ...plain, arguments: dlx };
  const queue = vhost.declareQueue('work', options, owner);
  await started.synced();
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  for (let i = 0; i < count; i++) {
    const publication = message(broker, '', 'work', body(i));
    publication.isPersistent = true;
    broker.publish(vhost, publication);
  }
  broker.pump();
  await until('all are delivered', () => inbox.bodies.length === count);
  return { started, subscription };
}

test('a dead letter has the rejected body when a segment ends before it', async () => {
  const { started, subscription } = await consumed(100, 64 * 1024);
  subscription.settle(0, 9, 'accepted');
  subscription.settle(10, 10, 'rejected');
  started.broker.pump();
  await started.synced();
  assert.equal((await bodies(started, 'dead', 1)).map(name).join(), '10');
});

test('dead letters have the rejected bodies when much data is unsealed', async () => {
  const count = 10_000;
  const { started, subscription } = await consumed(count, 64 * 1024 * 1024);
  subscription.settle(0, count / 2 - 1, 'accepted');
  subscription.settle(count / 2, count - 1, 'rejected');
  started.broker.pump();
  const { index: queueIndex } = started.broker.vhost('/').queue('work', owner);
  while (queueIndex.count > 0) await new Promise((resolve) => setImmediate(resolve));
  await started.synced();
  const dead = await bodies(started, 'dead', count / 2);
  assert.equal(dead.length, count / 2);
  const wanted = Array.from({ length: count / 2 }, (_, i) => count / 2 + i);
  assert.equal(dead.map(name).join(), wanted.join());
});

test('unsettled messages of a partly settled block are recovered after a restart', async () => {
  const { started, subscription } = await consumed(300, 64 * 1024 * 1024);
  for (let i = 0; i < 300; i += 3) subscription.settle(i, i + 1, 'accepted');
  await started.synced();
  await started.restart();
  const left = Array.from({ length: 100 }, (_, i) => 3 * i + 2);
  assert.equal((await bodies(started, 'work', 100)).map(name).join(), left.join());
});
