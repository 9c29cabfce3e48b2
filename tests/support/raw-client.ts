// An AMQP client that sends arbitrary bytes over TLS.

import { connect, type TLSSocket } from 'node:tls';
import { FrameReader, frameTypes } from '../../src/protocols/amqp091/codec/frames.ts';
import { protocolHeader } from '../../src/protocols/amqp091/handshake.ts';
import { frame } from './amqp-peer.ts';
import type { TlsListener } from './tls-listener.ts';

/** A short string of any bytes. */
export function shortBytes(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes as string); // either is taken
  return Buffer.concat([Buffer.of(content.length), content]);
}

/** A long string of any bytes. */
export function longBytes(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes as string); // either is taken
  const size = Buffer.alloc(4);
  size.writeUInt32BE(content.length);
  return Buffer.concat([size, content]);
}

/** The bytes of a short string that begins here, and where what follows begins. */
export function readShort(bytes: Buffer, at: number): [text: Buffer, next: number] {
  const next = at + 1 + bytes.readUInt8(at);
  return [bytes.subarray(at + 1, next), next];
}

/** A received method on a channel, with its content if it has one. */
export interface Raw {
  /** Class and method number, as `60.71`. */
  readonly method: string;
  /** The arguments of the method. */
  readonly fields: Buffer;
  /** Property flags and list, unchanged. */
  head: Buffer;
  body: Buffer;
}

const withContent = new Set(['60.50', '60.60', '60.71']);

/** A client on a TLS connection that sends and receives bytes as they are. */
export class RawClient {
  /** Everything that came. */
  readonly bytes: Buffer[] = [];
  /** Heartbeats that came. */
  heartbeatCount = 0;
  readonly #socket: TLSSocket;
  readonly #frames: FrameReader;
  readonly #come: Raw[] = [];
  #pending: { readonly raw: Raw; left: number } | undefined;
  #wake: () => void = () => {};
  #hasEnded = false;

  private constructor(listener: TlsListener) {
    this.#socket = connect({ port: listener.port, host: '127.0.0.1', ca: listener.ca });
    this.#frames = new FrameReader(
      {
        method: (_, bytes, at, end) => this.#method(Buffer.from(bytes.subarray(at, end))),
        header: (_, bytes, at, end) => this.#header(Buffer.from(bytes.subarray(at, end))),
        body: (_, bytes, at, end) => this.#body(Buffer.from(bytes.subarray(at, end))),
        heartbeat: () => {
          this.heartbeatCount++;
        },
      },
      131_072,
    );
    this.#socket.on('data', (bytes: Buffer) => {
      this.bytes.push(bytes);
      this.#frames.receive(bytes);
      this.#wake();
    });
    for (const event of ['error', 'close'] as const) {
      this.#socket.on(event, () => {
        this.#hasEnded = true;
        this.#wake();
      });
    }
  }

  /**
   * A connection with a virtual host and channel 1 open.
   *
   * @param heartbeatSeconds 0 for no heartbeats
   */
  static async open(
    listener: TlsListener,
    user: string,
    vhost: string,
    heartbeatSeconds = 0,
  ): Promise<RawClient> {
    const client = new RawClient(listener);
    client.send(protocolHeader);
    await client.next('10.10');
    const login = [longBytes(''), shortBytes('PLAIN'), longBytes(`\0${user}\0${user}`)];
    client.method(0, 10, 11, ...login, shortBytes('en_US'));
    await client.next('10.30');
    const tuned = Buffer.from('07ff000200000000', 'hex');
    tuned.writeUInt16BE(heartbeatSeconds, 6);
    client.method(0, 10, 31, tuned);
    client.method(0, 10, 40, shortBytes(vhost), Buffer.alloc(2));
    await client.next('10.41');
    await client.openChannel();
    return client;
  }

  async openChannel(): Promise<void> {
    this.method(1, 20, 10, shortBytes(''));
    await this.next('20.11');
  }

  /** Answers heartbeats until the given number of further ones has arrived. */
  async heartbeats(count: number): Promise<void> {
    for (let left = count; left > 0; left--) {
      const before = this.heartbeatCount;
      while (this.heartbeatCount === before) {
        if (this.#hasEnded) throw new Error('the connection ended; due was a heartbeat');
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      this.send(frame(frameTypes.heartbeat, 0, Buffer.alloc(0)));
    }
  }

  /** How many methods came that {@link next} has not returned. */
  get comeCount(): number {
    return this.#come.length;
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  method(channel: number, classId: number, methodId: number, ...fields: readonly Buffer[]): void {
    this.send(frame(frameTypes.method, channel, methodBytes(classId, methodId, fields)));
  }

  /** `basic.publish` with its content. */
  publish(exchange: Buffer, key: Buffer, head: Buffer, body: Buffer): void {
    const publish = [Buffer.alloc(2), shortBytes(exchange), shortBytes(key), Buffer.alloc(1)];
    this.method(1, 60, 40, ...publish);
    const start = Buffer.alloc(12);
    start.writeUInt16BE(60, 0);
    start.writeUInt32BE(body.length, 8);
    this.send(frame(frameTypes.header, 1, Buffer.concat([start, head])));
    if (body.length > 0) this.send(frame(frameTypes.body, 1, body));
  }

  /** Returns the next method, which must be one of these. */
  async next(...methods: readonly string[]): Promise<Raw> {
    while (this.#come.length === 0) {
      if (this.#hasEnded) throw new Error(`the connection ended; due was ${methods.join(' or ')}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const raw = this.#come.shift() as Raw; // there is one
    if (methods.includes(raw.method)) return raw;
    const text = raw.fields.toString('latin1');
    throw new Error(`${raw.method} came, due was ${methods.join(' or ')}: ${text}`);
  }

  /** Sends a method and returns the answer, which must be one of these methods. */
  call(
    [classId, methodId]: readonly [number, number],
    fields: readonly Buffer[],
    ...answers: readonly string[]
  ): Promise<Raw> {
    this.method(1, classId, methodId, ...fields);
    return this.next(...answers);
  }

  close(): void {
    this.#socket.destroy();
  }

  #method(payload: Buffer): void {
    const method = `${payload.readUInt16BE(0)}.${payload.readUInt16BE(2)}`;
    const nothing = Buffer.alloc(0);
    const raw = { method, fields: payload.subarray(4), head: nothing, body: nothing };
    if (withContent.has(method)) this.#pending = { raw, left: 0 };
    else this.#come.push(raw);
  }

  #header(payload: Buffer): void {
    if (this.#pending === undefined) throw new Error('a header came without a method');
    this.#pending.raw.head = payload.subarray(12);
    this.#pending.left = payload.readUInt32BE(8);
    this.#finish();
  }

  #body(payload: Buffer): void {
    if (this.#pending === undefined) throw new Error('a body came without a method');
    const { raw } = this.#pending;
    raw.body = Buffer.concat([raw.body, payload]);
    this.#pending.left -= payload.length;
    this.#finish();
  }

  #finish(): void {
    if (this.#pending === undefined || this.#pending.left > 0) return;
    this.#come.push(this.#pending.raw);
    this.#pending = undefined;
  }
}

function methodBytes(classId: number, methodId: number, fields: readonly Buffer[]): Buffer {
  const id = Buffer.alloc(4);
  id.writeUInt16BE(classId, 0);
  id.writeUInt16BE(methodId, 2);
  return Buffer.concat([id, ...fields]);
}
