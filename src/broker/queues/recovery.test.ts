import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Inbox,
  ManualClock,
  message,
  owner,
  plainSubscribe,
} from '../../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../../tests/support/broker-on-log.ts';
import type { Argument, Arguments } from '../arguments.ts';

const text = (value: string): Argument => ({ type: 'longstr', value });
const quorum = { 'x-queue-type': text('quorum') };

test('dead letters go on only after all queues are recovered', async () => {
  const on = await BrokerOnLog.start();
  const vhost = () => on.broker.vhost('/');
  const declare = (name: string, args: Arguments) =>
    vhost().declareQueue(
      name,
      { durable: true, exclusive: false, autoDelete: false, arguments: args },
      owner,
    );
  const queue = declare('first', {
    ...quorum,
    'x-overflow': text('reject-publish'),
    'x-dead-letter-strategy': text('at-least-once'),
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('last'),
  });
  on.broker.publish(vhost(), message(on.broker, '', 'first', 'm'));
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, plainSubscribe);
  on.broker.pump();
  for (const number of inbox.numbers) subscription.settle(number, number, 'rejected');
  subscription.close('released');
  on.broker.pump();
  assert.equal(queue.disposal?.letterCount, 1, 'it is kept: its queue is missing');
  // Their recovery takes more than one turn of the event loop.
  for (let i = 0; i < 200; i++) declare(`between-${i}`, {});
  declare('last', quorum);
  await on.flushed();
  await on.kill();
  for (let turns = 0; turns < 10; turns++) {
    on.broker.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { index, readyCount } = vhost().queue('last', undefined);
  assert.equal(readyCount, 1);
  assert.equal(index.isRedelivered(index.next - 1), false, 'no consumer had the dead letter');
  await on.close();
});

for (const type of ['classic', 'quorum', 'stream']) {
  test(`an unused ${type} queue does not expire while a broker is down or starts`, async () => {
    const clock = new ManualClock();
    const on = await BrokerOnLog.start({}, { clock });
    const queue = () => on.broker.vhost('/').queues.get('q');
    on.broker.vhost('/').declareQueue(
      'q',
      {
        durable: true,
        exclusive: false,
        autoDelete: false,
        arguments: {
          'x-queue-type': text(type),
          ...(type !== 'stream' && { 'x-expires': { type: 'signedint', value: 60_000 } }),
        },
      },
      owner,
    );
    await on.flushed();
    on.onReplayed = () => {
      clock.ms += 120_000;
    };
    await on.kill();
    on.broker.tick();
    assert.equal(queue()?.usedAtMs, clock.ms);
    clock.ms += 59_999;
    on.broker.tick();
    assert.ok(queue() !== undefined);
    clock.ms++;
    on.broker.tick();
    assert.equal(queue() === undefined, type !== 'stream');
    await on.close();
  });
}
