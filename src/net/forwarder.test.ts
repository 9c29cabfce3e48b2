import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { Forwarder, type ForwarderOptions, type ForwardTarget } from './forwarder.ts';
import { brokerAdmissionLimits } from './limits.ts';
import { clientLine } from './proxy-protocol/write-header.ts';

const host = '127.0.0.1';
/** The beginning of every TLS connection. */
const hello = Buffer.from([0x16, 3, 1, 0, 1, 0]);
const closing: (() => void)[] = [];
after(() => {
  for (const close of closing) close();
});

/** A server that answers with its name and what it has received first. */
async function server(name: string): Promise<{ readonly port: number; readonly server: Server }> {
  const listening = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => socket.write(`${name}:${bytes.toString('latin1')}`, 'latin1'));
  });
  await new Promise<void>((resolve) => listening.listen(0, host, resolve));
  closing.push(() => listening.close());
  return { port: (listening.address() as AddressInfo).port, server: listening };
}

async function forwarder(
  ports: () => readonly number[],
  header?: ForwardTarget['header'],
  more: Partial<ForwarderOptions> = {},
): Promise<number> {
  const made = new Forwarder({
    host,
    limits: brokerAdmissionLimits,
    route: (_client, chosen) => chosen(ports().map((port) => ({ host, port, header }))),
    loginMs: 16_000,
    answerPlain: () => Buffer.from('use TLS'),
    ...more,
  });
  closing.push(() => made.close());
  return made.open(0);
}

function client(port: number): Socket {
  const socket = connect(port, host);
  socket.on('error', () => {});
  closing.push(() => socket.destroy());
  return socket;
}

function received(socket: Socket): Promise<string> {
  return new Promise((resolve) =>
    socket.once('data', (bytes) => resolve(bytes.toString('latin1'))),
  );
}

function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('a connection is forwarded unchanged to the first server that accepts it', async () => {
  const { port: gone, server: first } = await server('first');
  await new Promise((resolve) => first.close(resolve));
  const { port } = await server('second');
  const socket = client(await forwarder(() => [gone, port]));
  socket.write(hello);
  assert.equal(await received(socket), `second:${hello.toString('latin1')}`);
});

test('a server is told the address of the client before anything else', async () => {
  const { port } = await server('s');
  const own = await forwarder(() => [port], clientLine);
  const socket = client(own);
  socket.write(hello);
  const line = `PROXY TCP4 127.0.0.1 127.0.0.1 ${await new Promise<number>((resolve) =>
    socket.once('connect', () => resolve(socket.localPort ?? 0)),
  )} ${own}\r\n`;
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
  });
  while (!text.includes('\x16')) await received(socket);
  assert.equal(text.replaceAll('s:', ''), `${line}${hello.toString('latin1')}`);
});

test('a client without TLS gets an answer, and no server is asked', async () => {
  let asked = 0;
  const own = await forwarder(() => {
    asked++;
    return [];
  });
  const socket = client(own);
  socket.write('AMQP\0\0\x09\x01');
  assert.equal(await received(socket), 'use TLS');
  await closed(socket);
  assert.equal(asked, 0);
});

test('a connection ends when no server is usable, or when its server ends it', async () => {
  const none = client(await forwarder(() => []));
  none.write(hello);
  await closed(none);
  const { port, server: serving } = await server('s');
  const sockets: Socket[] = [];
  serving.on('connection', (socket: Socket) => sockets.push(socket));
  const one = client(await forwarder(() => [port]));
  one.write(hello);
  await received(one);
  for (const socket of sockets) socket.destroy();
  await closed(one);
});

test('a source has a limited number of forwarded connections, until it closes some', async () => {
  const { port } = await server('s');
  const own = await forwarder(() => [port], undefined, { connectionsPerSourceMax: 2, loginMs: 0 });
  const open = async () => {
    const socket = client(own);
    socket.write(hello);
    const first = await Promise.race([received(socket), closed(socket)]);
    return { socket, isServed: first !== undefined };
  };
  const [one, two] = [await open(), await open()];
  assert.deepEqual([one.isServed, two.isServed, (await open()).isServed], [true, true, false]);
  one.socket.destroy();
  while (!(await open()).isServed) await new Promise((resolve) => setTimeout(resolve, 10));
});
