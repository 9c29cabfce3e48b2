import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { createWebSocketStream, type WebSocket } from 'ws';
import { protocolHeader } from '../../src/protocols/amqp091/handshake.ts';
import { amqp091 } from '../../src/protocols/amqp091/protocol.ts';
import { RawClient } from '../stalls/raw-client.ts';
import { consume, declareQueue } from '../support/amqp-frames.ts';
import { openBroker, publishFrames } from '../support/amqp-peer.ts';
import { connectPacket, packet } from '../support/mqtt-packets.ts';
import { MqttBroker } from '../support/mqtt-peer.ts';
import { until } from '../support/processes.ts';
import { EchoProtocol } from './echo-protocol.ts';
import { allOf, type ListenerChanges, newListener, tlsTo, webSocketTo } from './open-listener.ts';

// Clients over WebSocket work like other clients, with the same limits.

async function ready(changes: ListenerChanges = {}) {
  const { broker, log } = await openBroker();
  const echo = new EchoProtocol('echo', [Buffer.from('echo')], ['v12.echo']);
  const listener = newListener([amqp091(broker), echo], { hasWebSocket: true, ...changes });
  const port = await listener.open(0);
  return { broker, log, echo, listener, port };
}

const closeCode = async (webSocket: WebSocket): Promise<number> =>
  (await once(webSocket, 'close'))[0];

test('AMQP 0-9-1 works over WebSocket and without it on the same port', async () => {
  const { broker, listener, port } = await ready();
  const webSocket = await webSocketTo(port);
  const client = await RawClient.over(createWebSocketStream(webSocket));
  const plain = await RawClient.over(await tlsTo(port));
  await client.send(declareQueue('q'), consume(1, 'q', 'c'));
  await client.caughtUp();
  const body = 'x'.repeat(100_000);
  for (let i = 0; i < 20; i++) await plain.send(publishFrames(1, 'q', body));
  await plain.caughtUp();
  await client.caughtUp();
  assert.equal(client.deliveryCount, 20);
  assert.equal(broker.clientConnections.size, 2);
  assert.equal(listener.admission.unauthenticatedCount, 0);
  const closed = closeCode(webSocket);
  await listener.close('the broker stops', 2000);
  assert.equal(client.closeText, 'CONNECTION_FORCED - the broker stops');
  await closed;
  assert.equal(broker.clientConnections.size, 0);
});

test('WebSocket messages form one byte stream and may be split anywhere', async () => {
  const { listener, port } = await ready();
  const webSocket = await webSocketTo(port);
  for (const byte of protocolHeader) webSocket.send(Buffer.of(byte));
  const [start] = await once(webSocket, 'message');
  assert.equal(start.readUInt32BE(7), 0x000a000a, 'connection.start');
  webSocket.terminate();
  await listener.close('the test is over', 0);
});

test('an offered subprotocol is negotiated and selects the protocol, but is optional', async () => {
  const { echo, listener, port } = await ready();
  for (const [offered, agreed, answer] of [
    [['v10.echo', 'v12.echo'], 'v12.echo', 'echo text'],
    // AMQP answers another protocol with the version that it speaks.
    [['amqp'], 'amqp', 'AMQP\0\0\x09\x01'],
    [[], '', 'echo text'],
  ] as const) {
    const webSocket = await webSocketTo(port, offered);
    assert.equal(webSocket.protocol, agreed);
    assert.equal(webSocket.extensions, '', 'nothing is compressed');
    webSocket.send('echo text');
    assert.equal(String((await once(webSocket, 'message'))[0]), answer);
    webSocket.terminate();
  }
  assert.equal(echo.connections.length, 2);
  await listener.close('the test is over', 0);
});

test('[MQTT-4.2-1] [MQTT-6.0.0-1] [MQTT-6.0.0-2] [MQTT-6.0.0-4] MQTT is a byte stream of binary messages, and a text message ends the connection', async () => {
  const b = await MqttBroker.open();
  const listener = newListener([b.protocol], { hasWebSocket: true });
  const webSocket = await webSocketTo(await listener.open(0), ['mqtt']);
  assert.equal(webSocket.protocol, 'mqtt');
  let received = '';
  webSocket.on('message', (data: Buffer, isBinary) => {
    assert.ok(isBinary);
    received += data.toString('hex');
  });
  const [connect, ping] = [connectPacket(), packet(0xc0)];
  for (const byte of connect) webSocket.send(Buffer.of(byte));
  webSocket.send(Buffer.concat([ping, ping, ping]));
  await until('the answers', () => {
    b.sync();
    return received === `20020000${'d000'.repeat(3)}`;
  });
  webSocket.send(packet(0xc0).toString('latin1'));
  assert.equal(await closeCode(webSocket), 1003);
  await listener.close('the test is over', 0);
});

test('a request without an upgrade or with an oversized head is answered and closed', async () => {
  const { listener, port } = await ready({ webSocket: { headBytesMax: 2048 } });
  const get = 'GET /ws HTTP/1.1\r\nHost: localhost\r\n';
  for (const [request, answer] of [
    [`${get}\r\n`, /^HTTP\/1\.1 426 /],
    [`${get}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [`${get}X: ${'x'.repeat(4096)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ] as const) {
    const socket = await tlsTo(port);
    socket.write(request);
    assert.match(await allOf(socket), answer);
  }
  await listener.close('the test is over', 0);
});

test('the message size limit is small before login and larger after it', async () => {
  const limits = {
    unauthenticatedBytesMax: 10_000,
    messageBytesMax: 50_000,
    fragmentCountMax: 100,
  };
  const { listener, port } = await ready({ webSocket: limits });
  const unauthenticated = await webSocketTo(port);
  const cut = closeCode(unauthenticated);
  for (let i = 0; i < 12; i++) unauthenticated.send('AMQP'.repeat(250), { fin: false });
  assert.equal(await cut, 1006, 'cut off without a word');
  const known = await webSocketTo(port);
  known.send('echo');
  await once(known, 'message');
  known.send(Buffer.alloc(40_000));
  assert.equal((await once(known, 'message'))[0].length, 40_000);
  const tooBig = closeCode(known);
  known.send(Buffer.alloc(50_001));
  assert.equal(await tooBig, 1009);
  const pieces = await webSocketTo(port);
  pieces.send('echo');
  await once(pieces, 'message');
  const tooMany = closeCode(pieces);
  for (let i = 0; i < 200; i++) pieces.send('x', { fin: false });
  assert.equal(await tooMany, 1008);
  await listener.close('the test is over', 0);
});

test('pings are answered one at a time', async () => {
  const { listener, port } = await ready();
  const webSocket = await webSocketTo(port);
  let pongCount = 0;
  webSocket.on('pong', () => pongCount++);
  webSocket.ping('first');
  await once(webSocket, 'pong');
  for (let i = 0; i < 1000; i++) webSocket.ping();
  webSocket.send('echo');
  await once(webSocket, 'message');
  assert.ok(pongCount > 0 && pongCount < 1000, `${pongCount} pongs`);
  webSocket.terminate();
  await listener.close('the test is over', 0);
});
