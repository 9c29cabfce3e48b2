import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listedAtOnceMax } from '../../src/broker/activemq/sending/listed-destinations.ts';
import { compositeCodes } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { textMessage } from '../support/amqp10-peer.ts';
import { queue } from '../support/openwire-peer.ts';

const names = Array.from({ length: 3 * listedAtOnceMax }, (_, i) => `q${i}`);

/** How many messages each queue has. */
const counts = ({ dialect }: ActiveMqPeers) =>
  names.map((name) => dialect.vhost.queues.get(name)?.readyCount ?? 0);

const all = (count: number) => names.map(() => count);

test('all destinations of a long list get a message, before the sender is answered', async () => {
  const peers = await ActiveMqPeers.open();
  const openwire = await peers.openwire('ID:o');
  openwire.produce();
  openwire.publish(queue(names.join(',')), 'x');
  await peers.settled();
  assert.deepEqual(counts(peers), all(1));

  const stomp = await peers.stomp();
  const destination = names.map((name) => `/queue/${name}`).join(',');
  stomp.send('SEND', { destination, receipt: 'r' }, 'x');
  await peers.settled();
  assert.deepEqual(counts(peers), all(2));
  assert.deepEqual(
    stomp.take().map(({ command, headers }) => [command, headers['receipt-id']]),
    [['RECEIPT', 'r']],
  );

  const amqp = await peers.amqp10('c');
  amqp.attachSender('s', names.map((name) => `queue://${name}`).join(','));
  await peers.settled();
  amqp.take();
  amqp.transfer(textMessage('x'));
  await peers.settled();
  assert.deepEqual(counts(peers), all(3));
  const [settled] = amqp.bodies();
  assert.ok(settled?.code === compositeCodes.disposition);
  assert.equal(settled.state?.code, compositeCodes.accepted);
});

test('a long list in a transaction gets its message at the commit, once', async () => {
  const peers = await ActiveMqPeers.open();
  const stomp = await peers.stomp();
  const destination = names.map((name) => `/queue/${name}`).join(',');
  stomp.send('BEGIN', { transaction: 't' });
  stomp.send('SEND', { destination, transaction: 't' }, 'x');
  await peers.settled();
  assert.deepEqual(counts(peers), all(0));
  stomp.send('COMMIT', { transaction: 't', receipt: 'r' });
  await peers.settled();
  assert.deepEqual(counts(peers), all(1));
});

test('a long list with a destination that is refused sends to none', async () => {
  const peers = await ActiveMqPeers.open();
  const openwire = await peers.openwire('ID:o');
  openwire.produce();
  openwire.take();
  const list = [...names, 'temp-queue://ID:gone:1:1'].join(',');
  const message = openwire.message(queue(list), 'x');
  assert.match(openwire.exception(message) ?? '', /ID:gone:1:1/);
  assert.deepEqual(counts(peers), all(0));
  openwire.publish(queue(names.join(',')), 'x');
  await peers.settled();
  assert.deepEqual(counts(peers), all(1), 'the connection goes on');
});

test('a list of 100 topics with many subscribers takes several turns, in the order of its sender', async () => {
  const peers = await ActiveMqPeers.open();
  const subscriber = await peers.stomp();
  for (let i = 0; i < 100; i++)
    subscriber.send('SUBSCRIBE', { id: `${i}`, destination: '/topic/t.>' });
  await peers.settled();
  subscriber.take();
  const sender = await peers.stomp();
  const destination = Array.from({ length: 100 }, (_, i) => `/topic/t.${i}`).join(',');
  sender.send('SEND', { destination }, 'listed');
  sender.send('SEND', { destination: '/topic/t.last', receipt: 'r' }, 'last');
  assert.equal(peers.b.broker.background.isIdle, false, 'it is not done at once');
  await peers.settled();
  const bodies = new Map<string, string[]>();
  for (const { headers, body } of subscriber.take()) {
    const id = headers['subscription'] ?? '';
    bodies.set(id, [...(bodies.get(id) ?? []), body]);
  }
  assert.equal(bodies.size, 100);
  const expected = [...Array<string>(100).fill('listed'), 'last'];
  for (const found of bodies.values()) assert.deepEqual(found, expected);
  assert.equal(sender.take().length, 1);
});
