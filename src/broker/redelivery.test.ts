import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../tests/support/bare-broker.ts';

// What `redelivered` says over a restart. Classic queues count no deliveries for their consumers.

/** A queue of four of which the first two were delivered and came back. */
async function halfDelivered(): Promise<BareBroker> {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  for (const body of ['a', 'b', 'c', 'd']) b.publish('', 'q', body);
  const subscription = queue.subscribe(new Inbox(), { ...plainSubscribe, prefetch: 2 });
  b.broker.pump();
  subscription.stop();
  subscription.close('released');
  b.log.syncNow();
  return b;
}

function deliveries(b: BareBroker): string[] {
  const inbox = new Inbox();
  b.queue('q').subscribe(inbox, plainSubscribe);
  b.broker.pump();
  return inbox.bodies.map((body, i) => `${body} ${inbox.redelivered[i]}`);
}

test('after a clean stop, exactly the delivered messages are marked as redelivered', async () => {
  const b = await halfDelivered();
  await b.broker.close();
  const after = await BareBroker.open(b);
  assert.deepEqual(deliveries(after), ['a true', 'b true', 'c false', 'd false']);
});

test('the redelivered mark survives a second clean stop without deliveries', async () => {
  const b = await halfDelivered();
  await b.broker.close();
  const second = await BareBroker.open(b);
  await second.broker.close();
  const third = await BareBroker.open(second);
  assert.deepEqual(deliveries(third), ['a true', 'b true', 'c false', 'd false']);
});

test('after a crash, every message is marked as redelivered', async () => {
  const b = await halfDelivered();
  const after = await BareBroker.open(b);
  assert.deepEqual(deliveries(after), ['a true', 'b true', 'c true', 'd true']);
});

test('a crash after a clean start marks every message as redelivered', async () => {
  const b = await halfDelivered();
  await b.broker.close();
  const second = await BareBroker.open(b);
  assert.equal(deliveries(second).length, 4, 'a delivery leaves no trace in the log');
  second.log.syncNow();
  const third = await BareBroker.open(second);
  assert.deepEqual(deliveries(third), ['a true', 'b true', 'c true', 'd true']);
});

test('a message that was delivered and unsettled at the stop is marked as redelivered', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  b.publish('', 'q', 'a');
  b.publish('', 'q', 'b');
  const subscription = queue.subscribe(new Inbox(), { ...plainSubscribe, prefetch: 1 });
  b.broker.pump();
  subscription.stop(); // as the end of its connection does
  subscription.close('released');
  await b.broker.close();
  assert.deepEqual(deliveries(await BareBroker.open(b)), ['a true', 'b false']);
});

test('a dead letter is not marked as redelivered, even if it was delivered before', async () => {
  const b = await BareBroker.open();
  const source = b.queue('source', {
    'x-dead-letter-exchange': { type: 'longstr', value: '' },
    'x-dead-letter-routing-key': { type: 'longstr', value: 'q' },
  });
  b.queue('q');
  b.publish('', 'source', 'm');
  const subscription = source.subscribe(new Inbox(), plainSubscribe);
  b.broker.pump();
  subscription.settle(0, 0, 'released');
  b.broker.pump();
  subscription.settle(1, 1, 'rejected');
  assert.deepEqual(deliveries(b), ['m false']);
});

test('a quorum queue counts failed deliveries across a kill and enforces the delivery limit', async () => {
  let b = await BareBroker.open();
  const args = {
    'x-queue-type': { type: 'longstr', value: 'quorum' },
    'x-delivery-limit': { type: 'signedint', value: 3 },
  } as const;
  b.queue('q', args);
  b.publish('', 'q', 'poison');
  const seen: number[] = [];
  for (let round = 0; round < 6; round++) {
    const subscription = b.queue('q', args).subscribe(undefined, plainSubscribe);
    let number = -1;
    subscription.get(false, (delivery) => {
      if (delivery === undefined) return;
      seen.push(delivery.deliveryCount);
      number = delivery.deliveryNumber;
    });
    if (number >= 0) subscription.settle(number, number, 'modified');
    b.broker.pump();
    b.log.syncNow();
    if (round === 2) await b.broker.close();
    if (round === 1) b.log.roll(b.broker.store);
    b = await BareBroker.open(b);
  }
  assert.deepEqual(seen, [0, 1, 2, 3]);
});

test('a quorum queue’s single active consumer is replaced by one of a higher priority', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', {
    'x-queue-type': { type: 'longstr', value: 'quorum' },
    'x-single-active-consumer': { type: 'bool', value: true },
  });
  for (const body of ['1', '2', '3']) b.publish('', 'q', body);
  const [low, high] = [new Inbox(), new Inbox()];
  const first = queue.subscribe(low, { ...plainSubscribe, prefetch: 1 });
  b.broker.pump();
  queue.subscribe(high, { ...plainSubscribe, priority: 1 });
  b.broker.pump();
  assert.deepEqual([low.bodies, high.bodies], [['1'], []]);
  first.settle(0, 0, 'accepted');
  b.broker.pump();
  assert.deepEqual([low.bodies, high.bodies], [['1'], ['2', '3']]);
});
