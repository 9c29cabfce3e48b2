import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { queue } from '../support/openwire-peer.ts';

test('the statistics of a consumer name its client and count its messages', async () => {
  const peers = await ActiveMqPeers.open('<plugins><statisticsBrokerPlugin/></plugins>');
  const consumer = await peers.openwire('ID:o-1:1', { clientId: 'watched' });
  consumer.produce();
  for (const text of ['a', 'b', 'c']) consumer.publish(queue('Q'), text);
  consumer.consume(1, queue('Q'), { prefetchSize: 2 });
  await peers.settled();
  consumer.ack(consumer.dispatches().slice(0, 1));
  await peers.settled();
  const asking = await peers.stomp();
  asking.call('SUBSCRIBE', { id: 'r', destination: '/queue/replies' });
  const destination = '/queue/ActiveMQ.Statistics.Subscription';
  asking.send('SEND', { destination, 'reply-to': '/queue/replies' });
  await peers.settled();
  const found = asking.bodies().map((body) => JSON.parse(body));
  const { brokerId, ...fields } = found.find(({ destinationName }) => destinationName === 'Q');
  assert.deepEqual(fields, {
    brokerName: 'b1',
    destinationName: 'Q',
    clientId: 'watched',
    selector: null,
    enqueueCounter: 3,
    dequeueCounter: 1,
    dispatchedCounter: 3,
    dispatchedQueueSize: 2,
    prefetchSize: 2,
    maximumPendingMessageLimit: 0,
    exclusive: false,
    retroactive: false,
  });
  assert.equal(typeof brokerId, 'string');
});
