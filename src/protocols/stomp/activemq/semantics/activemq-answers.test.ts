import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker, StompPeer } from '../../../../../tests/support/stomp-peer.ts';

// Answers that clients of ActiveMQ depend on.

test('the transformation header is delivered with the original body', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  const map = '<map><entry><string>a</string><string>b</string></entry></map>';
  const sent = { destination: '/queue/q', transformation: 'jms-map-xml' };
  const [frame] = peer.call('SEND', sent, map);
  assert.equal(frame?.headers['transformation'], 'jms-map-xml');
  assert.equal(frame?.body, map);
});

test('frames with missing or unknown headers get the error texts of ActiveMQ', async () => {
  const b = await StompBroker.open();
  const peer = await b.client({ 'accept-version': '1.2' });
  const rows: [string, Record<string, string>, string][] = [
    ['SUBSCRIBE', { id: '1' }, "Invalid empty or 'null' Destination header"],
    ['UNSUBSCRIBE', {}, 'UNSUBSCRIBE received without a subscription id!'],
    ['ACK', {}, 'ACK received without a ack id for acknowledge!'],
    ['NACK', {}, 'NACK received without an ack header to acknowledge!'],
    ['SEND', { destination: '/queue/q', 'amq-msg-type': 'map' }, "Unsupported message type 'map'"],
  ];
  for (const [command, headers, message] of rows) {
    const [frame] = peer.call(command, headers);
    assert.equal(frame?.command, 'ERROR');
    assert.equal(frame.body.split(': ', 2)[1], message);
  }
});

test('a client id in use is refused with InvalidClientIDException, unescaped', async () => {
  const b = await StompBroker.open();
  await b.client({ 'client-id': 'taken', 'accept-version': '1.2' });
  const second = new StompPeer(b.broker);
  await second.connect({ 'client-id': 'taken', 'accept-version': '1.2' });
  const text = Buffer.concat(second.received).toString();
  assert.match(text, /\nmessage:Broker: \S+ - Client: taken already connected from tcp:\/\//);
  assert.match(text, /javax\.jms\.InvalidClientIDException: Broker: /);
});
