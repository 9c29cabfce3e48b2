import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { queue } from '../support/openwire-peer.ts';

test('failed deliveries of a message do not count for its dead letter', async () => {
  const peers = await ActiveMqPeers.open();
  const sender = await peers.openwire('ID:o-1:1');
  sender.produce();
  sender.publish(queue('Q'), 'bad');
  const counters: (number | undefined)[] = [];
  for (let n = 2; n <= 3; n++) {
    const consumer = await peers.openwire(`ID:o-${n}:1`);
    consumer.consume(1, queue('Q'));
    const found = consumer.dispatches();
    counters.push(found[0]?.redeliveryCounter);
    if (n === 3) consumer.ack(found, 1);
    else consumer.connection.ended();
    await peers.settled();
  }
  const consumer = await peers.openwire('ID:o-4:1');
  consumer.consume(1, queue('ActiveMQ.DLQ'));
  await peers.settled();
  counters.push(consumer.dispatches()[0]?.redeliveryCounter);
  assert.deepEqual(counters, [0, 1, 0]);
});
