import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { until } from '../support/processes.ts';
import { textFrame } from '../support/stomp-peer.ts';
import { StompTlsClient } from '../support/stomp-tls-client.ts';

let host: ActiveMqHost;

before(async () => {
  host = await ActiveMqHost.start();
});

after(async () => {
  await host.close();
});

const login = { 'accept-version': '1.2', login: 'bob', passcode: 'a long password' };

/** A client that has logged in. */
async function open(): Promise<StompTlsClient> {
  const port = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const client = await StompTlsClient.connect(port, login.login, login.passcode);
  const [connected] = await client.frames(1);
  assert.equal(connected?.command, 'CONNECTED');
  return client;
}

test('messages confirmed by RECEIPT over TLS survive a restart in order', async () => {
  const client = await open();
  for (let n = 0; n < 100; n++) {
    const headers = { destination: '/queue/orders', persistent: 'true', receipt: String(n) };
    client.send('SEND', headers, `order ${n}`);
  }
  const receipts = await client.frames(100);
  assert.deepEqual(
    receipts.map(({ headers }) => headers['receipt-id']),
    Array.from({ length: 100 }, (_, n) => String(n)),
  );
  client.destroy();
  await host.restart();
  const again = await open();
  again.send('SUBSCRIBE', { id: 's', destination: '/queue/orders', ack: 'client' });
  const messages = await again.frames(100);
  assert.deepEqual(
    messages.map(({ body }) => body),
    Array.from({ length: 100 }, (_, n) => `order ${n}`),
  );
  again.send('ACK', { id: messages.at(-1)?.headers['ack'] ?? '', receipt: 'all' });
  assert.equal((await again.frames(1))[0]?.headers['receipt-id'], 'all');
  again.destroy();
  await host.restart();
  const last = await open();
  last.send('SUBSCRIBE', { id: 's', destination: '/queue/orders', receipt: 'none' });
  assert.deepEqual(
    (await last.frames(1)).map(({ command }) => command),
    ['RECEIPT'],
  );
  last.destroy();
});

/** What a client without TLS is answered. */
async function answerTo(listener: 'stomp+ssl' | 'wss', first: Buffer | string): Promise<string> {
  const socket = connectTcp(host.portOf(listener), '127.0.0.1');
  socket.write(first);
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test('a client without TLS receives an explanation with the URLs of the port', async () => {
  const stomp = textFrame('CONNECT', login);
  assert.match(await answerTo('stomp+ssl', stomp), /^ERROR\n.*over TLS only: use stomp\+ssl:/s);
  assert.match(await answerTo('wss', stomp), /^ERROR\n.*over TLS only: use wss:/s);
  const http = 'GET / HTTP/1.1\r\n\r\n';
  assert.match(await answerTo('stomp+ssl', http), /^HTTP\/1\.1 400 .*use stomp\+ssl:/s);
  assert.match(await answerTo('wss', http), /^HTTP\/1\.1 400 .*use wss:/s);
  const mqtt5 = Buffer.from('\x10\x0e\0\x04MQTT\x05\x02\0\x3c\0\0\x01c', 'latin1');
  assert.match(await answerTo('wss', mqtt5), /^\x20.*over TLS only: use wss:/s);
});

test('STOMP over WebSocket: split and joined frames work with the requested subprotocol', async () => {
  const url = `wss://localhost:${host.portOf('wss')}/any`;
  const socket = new WebSocket(url, ['v12.stomp'], { ca: host.authority });
  await once(socket, 'open');
  assert.equal(socket.protocol, 'v12.stomp');
  const received: Buffer[] = [];
  const until = async (text: string) => {
    while (!Buffer.concat(received).includes(text)) {
      const [bytes] = await once(socket, 'message');
      received.push(bytes as Buffer); // the library hands Buffers on
    }
  };
  const connectFrame = textFrame('CONNECT', login);
  socket.send(connectFrame.slice(0, 10));
  socket.send(connectFrame.slice(10));
  await until('CONNECTED');
  const subscribe = textFrame('SUBSCRIBE', { id: 's', destination: '/topic/t' });
  socket.send(subscribe + textFrame('SEND', { destination: '/topic/t' }, 'hello'));
  await until('hello\0');
  socket.close();
});

test('STOMP over WebSocket: thousands of small messages at once keep their order in both directions', async () => {
  const url = `wss://localhost:${host.portOf('wss')}/any`;
  const socket = new WebSocket(url, ['v12.stomp'], { ca: host.authority });
  await once(socket, 'open');
  const bodies: string[] = [];
  let answers = '';
  socket.on('message', (data: Buffer, isBinary) => {
    const text = data.toString();
    assert.equal(isBinary, false);
    if (text.startsWith('MESSAGE\n')) bodies.push(text.slice(text.indexOf('\n\n') + 2, -2));
    else answers += text;
  });
  socket.send(textFrame('CONNECT', login));
  const destination = '/queue/small';
  const count = 1500;
  for (let n = 0; n < count; n++) {
    // A heart-beat is a message, too.
    socket.send(n % 2 === 0 ? '\n' : Buffer.from('\n'));
    socket.send(textFrame('SEND', { destination }, String(n)));
  }
  socket.send(textFrame('SUBSCRIBE', { id: 's', destination, receipt: 'last' }));
  await until('all have come', () => bodies.length === count && answers.includes('id:last'));
  assert.deepEqual(
    bodies,
    Array.from({ length: count }, (_, n) => String(n)),
  );
  socket.close();
});
