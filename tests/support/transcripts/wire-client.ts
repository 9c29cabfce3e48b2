// A connection for transcripts.

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Reader } from '../../../src/base/bytes.ts';
import { readProperties } from '../../../src/protocols/amqp091/codec/basic-properties.ts';
import { FrameReader } from '../../../src/protocols/amqp091/codec/frames.ts';
import {
  type Method,
  methodIds,
  readMethod,
} from '../../../src/protocols/amqp091/codec/methods.gen.ts';
import { capabilities, methodFrame } from '../amqp-peer.ts';
import { printContent, printMethod } from './lines.ts';

/** The address of a broker. */
export interface Target {
  /** `amqp://user:password@host:port` or `amqps://…`, with the virtual host `/` or that of the path */
  readonly url: string;
  /** The authority to trust, PEM. */
  readonly ca?: string;
}

/** Something that came, and on which channel. */
export interface Received {
  readonly channel: number;
  readonly line: string;
}

type State = 'opening' | 'open' | 'closed';

const openId = methodIds.channelOpen;
const fence: Method = {
  id: methodIds.accessRequest,
  realm: '',
  exclusive: false,
  passive: false,
  active: false,
  write: false,
  read: false,
};

/**
 * A connection that writes what it is told to and keeps what comes as lines. It answers `close` of
 * either kind, and nothing else.
 */
export class WireClient {
  readonly received: Received[] = [];
  state: State = 'opening';
  readonly #socket: Socket;
  readonly #url: URL;
  readonly #openChannels = new Set<number>();
  #wake: () => void = () => {};
  /** Fences that are out, and on which channel. */
  #fences = 0;
  #fencedChannel = 0;
  #pending: { channel: number; line: string; left: number; head: Buffer; body: Buffer[] } | null =
    null;
  readonly #frames: FrameReader;

  private constructor({ url, ca }: Target) {
    this.#url = new URL(url);
    const port = Number(this.#url.port);
    const host = this.#url.hostname;
    this.#socket =
      this.#url.protocol === 'amqps:'
        ? connectTls({ port, host, servername: host, ...(ca === undefined ? {} : { ca }) })
        : connectTcp({ port, host });
    // A fence would wait 40 ms for the acknowledgement of the step that was written before it.
    this.#socket.setNoDelay(true);
    this.#frames = new FrameReader(
      {
        method: (channel, bytes, at, end) => this.#method(channel, new Reader(bytes, at, end)),
        header: (_, bytes, at, end) => this.#header(Buffer.from(bytes.subarray(at, end))),
        body: (_, bytes, at, end) => this.#body(Buffer.from(bytes.subarray(at, end))),
        heartbeat: () => {},
      },
      131_072,
    );
    this.#socket.on('data', (bytes: Buffer) => {
      this.#frames.receive(bytes);
      this.#wake();
    });
    const ended = () => {
      if (this.state === 'open') this.received.push({ channel: 0, line: '(end)' });
      this.state = 'closed';
      this.#wake();
    };
    this.#socket.on('error', ended);
    this.#socket.on('end', () => this.#socket.end());
    this.#socket.on('close', ended);
  }

  /**
   * A connection with its virtual host open. One that the broker has closed is returned if the reason is
   * wanted.
   */
  static async open(target: Target, wantsReason = false): Promise<WireClient> {
    const client = new WireClient(target);
    client.write(Buffer.from('AMQP\0\0\u0009\u0001', 'latin1'));
    await client.until(() => client.state !== 'opening');
    if (client.state !== 'open' && wantsReason && client.received.length > 0) return client;
    if (client.state !== 'open') throw new Error(`no connection to ${client.#url.host}`);
    client.received.length = 0;
    return client;
  }

  get #virtualHost(): string {
    return decodeURIComponent(this.#url.pathname.slice(1)) || '/';
  }

  write(bytes: Buffer): void {
    if (this.state !== 'closed') this.#socket.write(bytes);
  }

  /** Resolves when the condition holds, looked at whenever something came. */
  async until(holds: () => boolean, timeoutMs = 5000): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!holds()) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return true;
  }

  /** Opens a channel unless it is open. */
  async openChannel(channel: number): Promise<void> {
    if (this.#openChannels.has(channel) || this.state !== 'open') return;
    this.write(methodFrame(channel, { id: openId }));
    await this.untilChannel(channel, true);
  }

  /** Returns once the channel is open, or no longer open. */
  async untilChannel(channel: number, isOpen: boolean): Promise<void> {
    const holds = () => this.#openChannels.has(channel) === isOpen || this.state === 'closed';
    await this.until(holds);
  }

  /** Returns once everything written on a channel so far has been dealt with. */
  async fence(channel: number): Promise<void> {
    if (this.state !== 'open' || !this.#openChannels.has(channel)) return;
    this.#fences = 1;
    this.#fencedChannel = channel;
    this.write(methodFrame(channel, fence));
    await this.until(() => this.#fences === 0 || this.state === 'closed');
  }

  async fenceAll(): Promise<void> {
    for (const channel of [...this.#openChannels]) await this.fence(channel);
  }

  async close(): Promise<void> {
    if (this.state === 'open') {
      const bye = { replyCode: 200, replyText: '', classId: 0, methodId: 0 };
      this.write(methodFrame(0, { id: methodIds.connectionClose, ...bye }));
      await this.until(() => this.state === 'closed');
    }
    this.#socket.destroy();
  }

  #method(channel: number, r: Reader): void {
    const method = readMethod(r.u32(), r);
    if (method === undefined) throw new Error('an unknown method came');
    if (this.state === 'opening') this.#handshake(method);
    else if (method.id === methodIds.accessRequestOk) this.#fences = 0;
    else if (method.id === methodIds.channelOpenOk) this.#openChannels.add(channel);
    else if (
      method.id === methodIds.basicDeliver ||
      method.id === methodIds.basicGetOk ||
      method.id === methodIds.basicReturn
    ) {
      const line = printMethod(method);
      this.#pending = { channel, line, left: -1, head: Buffer.alloc(0), body: [] };
    } else if (method.id === methodIds.connectionCloseOk) this.state = 'closed';
    else this.#plain(channel, method);
  }

  #plain(channel: number, method: Method): void {
    this.received.push({ channel, line: printMethod(method) });
    if (method.id === methodIds.connectionClose && this.state === 'opening') this.state = 'closed';
    if (method.id === methodIds.channelCloseOk) this.#channelClosed(channel);
    if (method.id === methodIds.channelClose) {
      this.#channelClosed(channel);
      this.write(methodFrame(channel, { id: methodIds.channelCloseOk }));
    }
    if (method.id !== methodIds.connectionClose) return;
    this.write(methodFrame(0, { id: methodIds.connectionCloseOk }));
    this.state = 'closed';
  }

  #channelClosed(channel: number): void {
    this.#openChannels.delete(channel);
    if (channel === this.#fencedChannel) this.#fences = 0;
  }

  #handshake(method: Method): void {
    const { username, password } = this.#url;
    if (method.id === methodIds.connectionStart) {
      this.write(
        methodFrame(0, {
          id: methodIds.connectionStartOk,
          clientProperties: capabilities,
          mechanism: 'PLAIN',
          response: Buffer.from(`\0${username}\0${password}`),
          locale: 'en_US',
        }),
      );
    } else if (method.id === methodIds.connectionTune) {
      this.write(
        Buffer.concat([
          methodFrame(0, {
            id: methodIds.connectionTuneOk,
            channelMax: 10,
            frameMax: 131_072,
            heartbeat: 0,
          }),
          methodFrame(0, { id: methodIds.connectionOpen, virtualHost: this.#virtualHost }),
        ]),
      );
    } else if (method.id === methodIds.connectionOpenOk) this.state = 'open';
    else this.#plain(0, method);
  }

  #header(payload: Buffer): void {
    if (this.#pending === null) throw new Error('a header came without a method');
    this.#pending.left = payload.readUInt32BE(8);
    this.#pending.head = payload.subarray(12);
    this.#finish();
  }

  #body(payload: Buffer): void {
    if (this.#pending === null) throw new Error('a body came without a method');
    this.#pending.left -= payload.length;
    this.#pending.body.push(payload);
    this.#finish();
  }

  #finish(): void {
    if (this.#pending === null || this.#pending.left > 0) return;
    const { channel, line, head, body } = this.#pending;
    const content = printContent(readProperties(head), Buffer.concat(body));
    this.received.push({ channel, line: line + content });
    this.#pending = null;
  }
}
