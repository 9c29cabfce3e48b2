import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Listeners } from '../../src/net/listeners.ts';
import { protocolHeader } from '../../src/protocols/amqp091/handshake.ts';
import { amqp091 } from '../../src/protocols/amqp091/protocol.ts';
import { RawClient } from '../stalls/raw-client.ts';
import { declareQueue } from '../support/amqp-frames.ts';
import { openBroker, publishFrames } from '../support/amqp-peer.ts';
import { EchoProtocol } from './echo-protocol.ts';
import { allOf, newListener, tlsTo } from './open-listener.ts';

// Ports with several protocols, and brokers with several ports.

const amqp10Headers = [Buffer.from('AMQP\0\x01\0\0'), Buffer.from('AMQP\x03\x01\0\0')];

async function ready() {
  const { broker } = await openBroker();
  const amqp10 = new EchoProtocol('amqp10', amqp10Headers);
  const lines = new EchoProtocol('lines', [Buffer.from('CONNECT\n'), Buffer.from('STOMP\n')]);
  const listener = newListener([amqp091(broker), amqp10, lines]);
  const port = await listener.open(0);
  return { broker, amqp10, lines, listener, port };
}

test('one port detects the protocol from the first bytes, however they are fragmented', async () => {
  const { broker, amqp10, lines, listener, port } = await ready();
  const client = await RawClient.over(await tlsTo(port));
  await client.send(declareQueue('q'), publishFrames(1, 'q', 'by 0-9-1'));
  await client.caughtUp();
  assert.equal(broker.vhost('/').queue('q', undefined).readyCount, 1);
  for (const [protocol, first] of [
    [amqp10, amqp10Headers[0]],
    [amqp10, amqp10Headers[1]],
    [lines, Buffer.from('STOMP\n\n\0')],
  ] as const) {
    const before = protocol.connections.length;
    const socket = await tlsTo(port);
    // Added before anything is sent: what arrives between two waits would be lost.
    let received = '';
    socket.on('data', (bytes) => {
      received += bytes;
    });
    const sent = Buffer.concat([first ?? Buffer.alloc(0), Buffer.from('and what follows')]);
    for (const byte of sent) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    while (received.length < sent.length) await once(socket, 'data');
    assert.equal(received, sent.toString());
    assert.equal(protocol.connections.length, before + 1);
    socket.destroy();
  }
  client.cut();
  await listener.close('the test is over', 1000);
  assert.ok(amqp10.connections.every(({ isEnded }) => isEnded));
});

test('unknown bytes get the answer of the first protocol, and the connection is closed', async () => {
  const { amqp10, lines, listener, port } = await ready();
  for (const bytes of ['AMQP\x02\x01\0\0', 'GET / HTTP/1.1\r\n\r\n', 'SSH-2.0-x\r\n', '\0']) {
    const socket = await tlsTo(port);
    socket.write(Buffer.from(bytes, 'latin1'));
    assert.equal(await allOf(socket), protocolHeader.toString('latin1'), JSON.stringify(bytes));
  }
  assert.deepEqual([amqp10.connections.length, lines.connections.length], [0, 0]);
  await listener.close('the test is over', 1000);
});

test('a client that disconnects before protocol detection leaves nothing behind', async () => {
  const { listener, port } = await ready();
  const socket = await tlsTo(port);
  await new Promise((resolve) => socket.write('AMQ', resolve));
  socket.destroy();
  while (listener.admission.unauthenticatedCount > 0) await new Promise(setImmediate);
  assert.equal(listener.connectionCount, 0);
  await listener.close('the test is over', 0);
});

test('a list of listeners opens completely or not at all, and closes completely', async () => {
  const echo = new EchoProtocol('echo', [Buffer.from('echo')]);
  const named = (name: string, ports: readonly number[]) => ({
    name,
    ports,
    listener: newListener([echo]),
  });
  const first = await Listeners.open([named('a', [0]), named('b', [0])]);
  const { a = 0, b = 0 } = first.ports;
  assert.ok(a > 0 && b > 0 && a !== b);
  const sockets = [await tlsTo(a), await tlsTo(b)];
  for (const socket of sockets) {
    socket.write('echo');
    await once(socket, 'data');
  }
  assert.deepEqual(
    [first.unauthenticatedCount, first.closed],
    [0, { crowded: 0, late: 0, unproxied: 0 }],
  );
  // The port that is taken is passed over where there is another to try.
  const second = await Listeners.open([named('c', [a, 0])]);
  assert.notEqual(second.ports['c'], a);
  const free = second.ports['c'] ?? 0;
  await second.close('the test is over', 0);
  await assert.rejects(Listeners.open([named('d', [free]), named('e', [b])]), {
    code: 'port-in-use',
  });
  const third = await Listeners.open([named('f', [free])]);
  assert.equal(third.ports['f'], free, 'the first of the list that failed is closed');
  const ended = sockets.map((socket) => once(socket, 'close'));
  await Promise.all([first.close('the test is over', 1000), third.close('', 0), ...ended]);
});
