import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenWireBroker, queue, topic } from '../../../tests/support/openwire-peer.ts';
import { activeMqOf } from '../../broker/activemq/activemq.ts';
import { Selector } from '../../broker/activemq/selectors/selector.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import { producerInfo } from './codec/commands.gen.ts';

test('a client that does not read is limited to its share, and other clients are served', async () => {
  const limits = { unreadBytesSum: 64 * 1024, deliveryBytesShare: 16 * 1024 };
  const b = await OpenWireBroker.open(limits);
  const sender = await b.client({ connection: 'ID:s' });
  sender.produce();
  const slow = await b.client({ connection: 'ID:slow' });
  slow.consume(1, topic('t'), { prefetchSize: 32_766 });
  const good = await b.client({ connection: 'ID:good' });
  good.consume(1, topic('t'), { prefetchSize: 32_766 });
  slow.takesMore = false;
  let seenCount = 0;
  for (let i = 0; i < 500; i++) {
    sender.publish(topic('t'), 'x'.repeat(1000), { persistent: false });
    seenCount += good.dispatches().length;
  }
  seenCount += good.dispatches().length;
  assert.equal(seenCount, 500);
  const unreadBytes = Buffer.concat(slow.received).length;
  assert.ok(unreadBytes < 300_000, `${unreadBytes} bytes`);
  const before = slow.dispatches().length;
  slow.drain();
  await new Promise(setImmediate);
  assert.equal(before + slow.dispatches().length, 500);
});

test('the consumers of a connection are limited and end with the connection', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.session();
  for (let value = 1; value <= 10_000; value++) {
    peer.send(peer.consumer(value, queue('q')));
    // Only some hundred commands are handled in one turn.
    if (value % 100 === 0) await new Promise(setImmediate);
  }
  peer.take();
  assert.match(
    peer.exception(peer.consumer(10_001, queue('q'))) ?? '',
    /^java.lang.IllegalStateException: Can't add consumer on connection .*: at maximum limit: 10000$/,
  );
  assert.equal(b.broker.vhost('/').queues.get('q')?.consumerCount, 10_000);
  peer.connection.ended();
  for (let turns = 0; turns < 10_000 && !b.broker.background.isIdle; turns++) {
    await new Promise(setImmediate);
  }
  assert.equal(b.broker.vhost('/').queues.get('q')?.consumerCount, 0);
});

test('a producer must name a valid destination or none', async () => {
  const b = await OpenWireBroker.open();
  const peer = await b.client();
  peer.session();
  const producer = producerInfo({ producerId: peer.producerId(), destination: queue(' , ') });
  assert.match(peer.exception(producer) ?? '', /JMSException: the destination has no name$/);
  assert.equal(peer.exception({ ...producer, destination: queue('q') }), undefined);
  peer.connection.ended();
  assert.equal(b.broker.clientConnections.size, 0);
});

test('a consumer that is refused because of its queues leaves no subscription behind', async () => {
  const b = await OpenWireBroker.open();
  const dialect = activeMqOf(b.broker);
  const user = b.broker.users.get('bob');
  assert.ok(user);
  const access = b.broker.access(user, '/');
  const taker = { isWritable: true, deliver: () => {}, ended: () => {} };
  const selector = new Selector('n = 1', { convertsText: false });
  const consume = (left: number, destinations: readonly Address[]) =>
    dialect.consume(
      {
        destinations,
        selector,
        isSettled: false,
        prefetch: 1,
        isExclusive: false,
        priority: 0,
        isNoLocal: false,
        key: undefined,
        owner: taker,
        budget: { left },
      },
      taker,
      access,
    );
  const before = b.broker.vhost('/').queues.size;
  const topics: readonly Address[] = [{ kind: 'topic', name: 'a' }];
  const list: readonly Address[] = [...topics, { kind: 'queue', name: 'q' }];
  for (let n = 0; n < 10; n++) {
    assert.throws(() => consume(0, topics), /consumes from too many queues/);
    assert.throws(() => consume(1, list), /consumes from too many queues/);
  }
  assert.equal(b.broker.vhost('/').queues.size, before);
  consume(2, list);
  assert.equal(b.broker.vhost('/').queues.size, before + 2);
});
