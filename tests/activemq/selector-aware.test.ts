import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { queue, topic } from '../support/openwire-peer.ts';

// Virtual topics with `selectorAware`: a queue gets only what one of its consumers selects.

const virtualTopic = (attributes: string) =>
  '<destinationInterceptors><virtualDestinationInterceptor><virtualDestinations>' +
  `<virtualTopic name="VirtualTopic.&gt;" prefix="Consumer.*." ${attributes}/>` +
  '</virtualDestinations></virtualDestinationInterceptor></destinationInterceptors>';

const name = 'Consumer.A.VirtualTopic.T';

test('a queue receives only what an active consumer selects, and nothing without a consumer', async () => {
  const peers = await ActiveMqPeers.open(virtualTopic('selectorAware="true"'));
  assert.deepEqual(peers.warnings, []);
  const red = await peers.stomp();
  const destination = `/queue/${name}`;
  red.call('SUBSCRIBE', { id: '1', destination, selector: "colour = 'red'" });
  const sender = await peers.openwire('ID:o-1:1');
  sender.produce();
  const stomp = await peers.stomp();
  const send = (colour: string) =>
    stomp.call('SEND', { destination: '/topic/VirtualTopic.T', colour }, colour);
  send('red');
  send('blue');
  assert.deepEqual(red.bodies(), ['red']);
  assert.equal(peers.b.ready(name), 0);
  const all = await peers.openwire('ID:o-2:1');
  all.consume(1, queue(name));
  send('blue');
  assert.deepEqual(all.texts(), ['blue']);
  all.connection.ended();
  await peers.settled();
  assert.equal(peers.b.ready(name), 1, 'what was delivered and not settled is back');
  send('green');
  sender.publish(topic('VirtualTopic.T'), 'without a colour');
  assert.equal(peers.b.ready(name), 1);
  red.call('UNSUBSCRIBE', { id: '1' });
  await peers.settled();
  send('red');
  assert.equal(peers.b.ready(name), 1);
  stomp.call('SEND', { destination, colour: 'green' }, 'to the queue itself');
  assert.equal(peers.b.ready(name), 2);
});

test('without selectorAware, a queue receives every message', async () => {
  const peers = await ActiveMqPeers.open(virtualTopic(''));
  const red = await peers.stomp();
  const destination = `/queue/${name}`;
  red.call('SUBSCRIBE', { id: '1', destination, selector: "colour = 'red'" });
  const sender = await peers.stomp();
  sender.call('SEND', { destination: '/topic/VirtualTopic.T', colour: 'blue' }, 'x');
  assert.equal(peers.b.ready(name), 1);
});

test('maxPageSize is how many unwanted messages a queue is searched past', async () => {
  const entry = (attributes: string) => `<policyEntry ${attributes}/>`;
  const entries = entry('queue="few.&gt;" maxPageSize="2"') + entry('queue="&gt;"');
  const peers = await ActiveMqPeers.open(
    `<destinationPolicy><policyMap><policyEntries>${entries}</policyEntries></policyMap></destinationPolicy>`,
  );
  assert.deepEqual(peers.warnings, []);
  for (const [of, passed] of [
    ['few.q', 2],
    ['q', 200],
  ] as const) {
    const destination = `/queue/${of}`;
    const red = await peers.stomp();
    red.call('SUBSCRIBE', { id: '1', destination, selector: "colour = 'red'" });
    const sender = await peers.stomp();
    const send = (colour: string) => sender.call('SEND', { destination, colour }, colour);
    for (let count = 0; count < passed - 1; count++) send('blue');
    send('red');
    assert.deepEqual(red.bodies(), ['red'], of);
    send('blue');
    send('red');
    assert.deepEqual(red.bodies(), [], of);
    sender.call('SUBSCRIBE', { id: '2', destination, selector: "colour = 'blue'" });
    assert.deepEqual(red.bodies(), ['red'], of);
    red.connection.ended();
    sender.connection.ended();
  }
});
