import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { methodIds } from '../../../src/protocols/amqp091/codec/methods.gen.ts';
import { methodFrame } from '../../support/amqp-peer.ts';
import { TlsListener } from '../../support/tls-listener.ts';

let listener: TlsListener;

before(async () => {
  listener = await TlsListener.start();
});

after(async () => {
  await listener.close();
});

/** A client that knows nothing but bytes. */
class RawClient {
  readonly #socket: TLSSocket;
  #bytes = Buffer.alloc(0);
  #wake = () => {};
  isEnded = false;

  constructor() {
    this.#socket = connect({ port: listener.port, ca: listener.ca, servername: 'localhost' });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      this.#wake();
    });
    this.#socket.on('end', () => {
      this.isEnded = true;
      this.#wake();
    });
    this.#socket.on('error', () => this.#wake());
  }

  send(hexOrBytes: string | Buffer): void {
    this.#socket.write(
      typeof hexOrBytes === 'string' ? Buffer.from(hexOrBytes, 'hex') : hexOrBytes,
    );
  }

  /** The next `size` bytes as hex. */
  async take(size: number): Promise<string> {
    while (this.#bytes.length < size) await this.#more();
    const taken = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return taken.toString('hex');
  }

  /** The payload of the next method frame on a channel. */
  async method(channel: number): Promise<Buffer> {
    const head = Buffer.from(await this.take(7), 'hex');
    assert.deepEqual([head[0], head.readUInt16BE(1)], [1, channel]);
    const payload = Buffer.from(await this.take(head.readUInt32BE(3) + 1), 'hex');
    assert.equal(payload[payload.length - 1], 0xce);
    return payload.subarray(0, -1);
  }

  async ended(): Promise<void> {
    while (!this.isEnded) await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

const header = '414d515000000901';
const startOk = methodFrame(0, {
  id: methodIds.connectionStartOk,
  clientProperties: {},
  mechanism: 'PLAIN',
  response: Buffer.from('\0guest\0guest'),
  locale: 'en_US',
});

/** Logs in and opens `/` with these limits. */
async function open(frameMax = 4096, channelMax = 2): Promise<RawClient> {
  const client = new RawClient();
  client.send(header);
  await client.method(0);
  client.send(startOk);
  await client.method(0);
  client.send(
    methodFrame(0, { id: methodIds.connectionTuneOk, channelMax, frameMax, heartbeat: 0 }),
  );
  client.send(methodFrame(0, { id: methodIds.connectionOpen, virtualHost: '/' }));
  assert.equal((await client.method(0)).toString('hex'), '000a002900');
  return client;
}

const closeText = (method: Buffer) => method.toString('utf8', 7, 7 + (method[6] ?? 0));

test('[2.2.4] the broker answers the protocol header with connection.start 0-9', async () => {
  const client = new RawClient();
  client.send(header);
  const start = await client.method(0);
  assert.equal(start.toString('hex', 0, 6), '000a000a0009');
  assert.ok(start.toString('latin1').endsWith('PLAIN AMQPLAIN\0\0\0\u0005en_US'));
  client.destroy();
});

test('[4.2.2] the broker answers another protocol header with its own and closes', async () => {
  const client = new RawClient();
  client.send('414d515000010000');
  assert.equal(await client.take(8), header);
  await client.ended();
  client.destroy();
});

test('[1.4.2.6] connection.tune offers 2047 channels, 131072-octet frames and 60 seconds', async () => {
  const client = new RawClient();
  client.send(header);
  await client.method(0);
  client.send(startOk);
  assert.equal((await client.method(0)).toString('hex'), '000a001e07ff00020000003c');
  client.destroy();
});

test('[4.2.3] a frame larger than negotiated closes the connection with 501', async () => {
  const client = await open(4096);
  client.send('01000000001001');
  const close = await client.method(0);
  assert.equal(close.readUInt16BE(4), 501);
  assert.match(closeText(close), /^FRAME_ERROR - .*\{frame_too_large,4097,4088\}$/);
  await client.ended();
  client.destroy();
});

test('[4.2.3] a frame that does not end in 0xCE closes the connection with 501', async () => {
  const client = await open();
  client.send('010001000000050014000a0000');
  assert.equal((await client.method(0)).readUInt16BE(4), 501);
  await client.ended();
  client.destroy();
});

test('[4.9] a channel above the negotiated channel-max is refused with 530', async () => {
  const client = await open(4096, 2);
  client.send(methodFrame(3, { id: methodIds.channelOpen }));
  const close = await client.method(0);
  assert.equal(close.readUInt16BE(4), 530);
  client.send('0100000000000400' + '0a0033ce');
  await client.ended();
  client.destroy();
});

test('[1.4.2.9] the broker answers connection.close with close-ok', async () => {
  const client = await open();
  const bye = { replyCode: 200, replyText: 'bye', classId: 0, methodId: 0 };
  client.send(methodFrame(0, { id: methodIds.connectionClose, ...bye }));
  assert.equal((await client.method(0)).toString('hex'), '000a0033');
  client.destroy();
});

test('a tuned limit above the offer or below the protocol minimum is refused with 530', async () => {
  for (const [channelMax, frameMax] of [
    [2048, 131_072],
    [2047, 131_073],
    [2047, 0],
    [2047, 4095],
  ] as const) {
    const client = new RawClient();
    client.send(header);
    await client.method(0);
    client.send(startOk);
    await client.method(0);
    client.send(
      methodFrame(0, { id: methodIds.connectionTuneOk, channelMax, frameMax, heartbeat: 0 }),
    );
    assert.equal((await client.method(0)).readUInt16BE(4), 530, `${channelMax} ${frameMax}`);
    client.destroy();
  }
});

test('a wrong password only closes the connection without authentication_failure_close', async () => {
  const client = new RawClient();
  client.send(header);
  await client.method(0);
  client.send(
    methodFrame(0, {
      id: methodIds.connectionStartOk,
      clientProperties: {},
      mechanism: 'AMQPLAIN',
      response: Buffer.from(
        '054c4f47494e5300000005677565737408504153535' + '74f5244530000000178',
        'hex',
      ),
      locale: 'en_US',
    }),
  );
  await client.ended();
  client.destroy();
});
