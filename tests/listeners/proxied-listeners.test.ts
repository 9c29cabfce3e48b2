import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ListenerAccess } from '../../src/net/tls-listener.ts';
import { EchoProtocol } from './echo-protocol.ts';
import { authority, newListener } from './open-listener.ts';

// Listeners behind proxies that state the addresses of clients.

const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

const secret = 'ab'.repeat(32);
const proxy = '127.0.0.2';
const other = '127.0.0.3';

async function open(access: Partial<ListenerAccess>) {
  const echo = new EchoProtocol('echo', [Buffer.from('echo')]);
  const listener = newListener([echo], {
    access: { trustedProxies: [], choosesByName: false, ...access },
  });
  closing.push(() => void listener.close('over', 0));
  return { echo, listener, port: await listener.open(0) };
}

async function tcpTo(port: number, localAddress: string, first?: Buffer | string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  closing.push(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (first !== undefined) socket.write(first);
  return socket;
}

/** Completes a handshake over a connection. @returns undefined if it fails */
async function tlsOver(socket: Socket): Promise<TLSSocket | undefined> {
  const tls = connectTls({ socket, ca: authority, servername: 'localhost' });
  tls.on('error', () => {});
  const isOpen = await new Promise<boolean>((resolve) => {
    tls.once('secureConnect', () => resolve(true));
    tls.once('close', () => resolve(false));
  });
  return isOpen ? tls : undefined;
}

/** The peer that the protocol sees. */
async function seenBy(echo: EchoProtocol, tls: TLSSocket): Promise<string | undefined> {
  tls.write('echo');
  await once(tls, 'data');
  return echo.connections.at(-1)?.peerAddress;
}

function line(address: string, port = 1234): string {
  return `PROXY TCP4 ${address} 127.0.0.1 ${port} 5671\r\n`;
}

function binary(address: string, tlv = ''): Buffer {
  const bytes = Buffer.from(address.split('.').map(Number)).toString('hex');
  const tail = Buffer.from(tlv, 'hex');
  const size = (12 + tail.length).toString(16).padStart(4, '0');
  const head = `0d0a0d0a000d0a515549540a2111${size}${bytes}7f00000104d21627`;
  return Buffer.concat([Buffer.from(head, 'hex'), tail]);
}

test('the client that a trusted proxy states is the peer', async () => {
  const { echo, port } = await open({ trustedProxies: [proxy] });
  for (const [header, peer] of [
    [line('203.0.113.9'), '203.0.113.9:1234'],
    [binary('203.0.113.8', 'ea000401020304'), '203.0.113.8:1234'],
    [line('203.0.113.7', 0), '203.0.113.7:0'],
    ['PROXY TCP6 2001:db8::5 ::1 99 5671\r\n', '2001:db8::5:99'],
  ] as const) {
    const tls = await tlsOver(await tcpTo(port, proxy, header));
    assert.ok(tls);
    assert.equal(await seenBy(echo, tls), peer);
    tls.destroy();
  }
  // A header that arrives in pieces.
  const socket = await tcpTo(port, proxy);
  for (const byte of binary('203.0.113.6')) {
    socket.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  const tls = await tlsOver(socket);
  assert.ok(tls);
  assert.equal(await seenBy(echo, tls), '203.0.113.6:1234');
});

test('a proxy may speak for itself, and then it is the peer', async () => {
  const { echo, port } = await open({ trustedProxies: [proxy] });
  const local = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');
  for (const header of ['PROXY UNKNOWN\r\n', local]) {
    const tls = await tlsOver(await tcpTo(port, proxy, header));
    assert.ok(tls);
    assert.match((await seenBy(echo, tls)) ?? '', /^127\.0\.0\.2:\d+$/);
  }
});

test('a trusted proxy without a valid header is refused', async () => {
  const { listener, port } = await open({ trustedProxies: ['127.0.0.0/31', proxy] });
  assert.equal(await tlsOver(await tcpTo(port, proxy)), undefined);
  for (const bytes of ['PROXY TCP4 a b c d\r\n', 'GET / HTTP/1.1\r\n', Buffer.alloc(2000, 0x0d)]) {
    const socket = await tcpTo(port, proxy, bytes);
    await once(socket.resume(), 'close');
  }
  assert.equal(listener.admission.closed.unproxied, 4);
  assert.equal(listener.admission.unauthenticatedCount, 0);
});

test('a header of others is not believed', async () => {
  const { echo, port } = await open({ trustedProxies: [proxy], routerSecret: secret });
  for (const header of [line('203.0.113.9'), binary('203.0.113.9')]) {
    assert.equal(await tlsOver(await tcpTo(port, other, header)), undefined);
  }
  // Even with the secret, which only connections of this machine to itself may use.
  assert.equal(
    await tlsOver(await tcpTo(port, other, binary('203.0.113.9', `e50020${secret}`))),
    undefined,
  );
  const direct = await tlsOver(await tcpTo(port, other));
  assert.ok(direct);
  assert.match((await seenBy(echo, direct)) ?? '', /^127\.0\.0\.3:/);
});

test("the service's own router proves itself by a secret", async () => {
  const { echo, listener, port } = await open({ routerSecret: secret });
  const right = await tlsOver(
    await tcpTo(port, '127.0.0.1', binary('203.0.113.9', `e50020${secret}`)),
  );
  assert.ok(right);
  assert.equal(await seenBy(echo, right), '203.0.113.9:1234');
  for (const tlv of ['', `e50020${'ac'.repeat(32)}`, 'e50000', `e5001f${'ab'.repeat(31)}`]) {
    assert.equal(
      await tlsOver(await tcpTo(port, '127.0.0.1', binary('203.0.113.9', tlv))),
      undefined,
    );
  }
  assert.equal(listener.admission.closed.unproxied, 4);
  const own = await tlsOver(await tcpTo(port, '127.0.0.1'));
  assert.ok(own);
  assert.match((await seenBy(echo, own)) ?? '', /^127\.0\.0\.1:/);
});

test('limits count the clients, and not their proxy', async () => {
  const limits = { unauthenticatedPerSourceMax: 2 };
  const echo = new EchoProtocol('echo', [Buffer.from('echo')]);
  const access = { trustedProxies: [proxy], choosesByName: false };
  const listener = newListener([echo], { access, limits });
  closing.push(() => void listener.close('over', 0));
  const port = await listener.open(0);
  const crowd = await Promise.all(
    Array.from({ length: 6 }, () => tcpTo(port, proxy, line('203.0.113.9'))),
  );
  const tls = await tlsOver(await tcpTo(port, proxy, line('203.0.113.10')));
  assert.ok(tls);
  assert.equal(await seenBy(echo, tls), '203.0.113.10:1234');
  assert.equal(listener.admission.closed.crowded, 4);
  for (const socket of crowd) socket.destroy();
});
