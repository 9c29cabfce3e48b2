// A client that sends any number of frames at once.

import type { Duplex } from 'node:stream';
import { Reader } from '../../src/base/bytes.ts';
import { FrameReader } from '../../src/protocols/amqp091/codec/frames.ts';
import {
  type Method,
  methodIds,
  readMethod,
} from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { protocolHeader } from '../../src/protocols/amqp091/handshake.ts';
import { capabilities, methodFrame } from '../support/amqp-peer.ts';
import { secureSocket, writeAll } from './secure-socket.ts';

/** A client that sends any frames, as many at once as it likes. */
export class RawClient {
  readonly #socket: Duplex;
  #waiting: { readonly id: number; readonly found: (method: Method) => void }[] = [];
  /** Deliveries that have come. */
  deliveryCount = 0;
  /** Consumers that the broker has cancelled. */
  cancelCount = 0;
  /** Reply text of the close that ended a channel or the connection. */
  closeText: string | undefined = undefined;

  private constructor(socket: Duplex) {
    this.#socket = socket;
    const frames = new FrameReader(
      {
        method: (_, bytes, at, end) => {
          const r = new Reader(bytes, at, end);
          const method = readMethod(r.u32(), r);
          if (method !== undefined) this.#heard(method);
        },
        header: () => {},
        body: () => {},
        heartbeat: () => {},
      },
      131_072,
    );
    socket.on('data', (bytes) => frames.receive(bytes));
    socket.on('error', () => {});
    // Each wait for the buffer adds a listener until the connection ends.
    socket.setMaxListeners(0);
  }

  #heard(method: Method): void {
    if (method.id === methodIds.basicDeliver) this.deliveryCount++;
    if (method.id === methodIds.basicCancel) this.cancelCount++;
    if (method.id === methodIds.connectionClose || method.id === methodIds.channelClose)
      this.closeText = method.replyText;
    const at = this.#waiting.findIndex(({ id }) => id === method.id);
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.found(method);
  }

  /** A client with some open channels, numbered from 1. */
  static async open(port: number, ca: string, channelCount = 1): Promise<RawClient> {
    return RawClient.over(await secureSocket(port, ca), channelCount);
  }

  /** The same over a stream that is open. */
  static async over(socket: Duplex, channelCount = 1): Promise<RawClient> {
    const client = new RawClient(socket);
    socket.write(protocolHeader);
    await client.next(methodIds.connectionStart);
    const response = Buffer.from('\0guest\0guest');
    const locale = 'en_US';
    const clientProperties = capabilities;
    const startOk = {
      id: methodIds.connectionStartOk,
      clientProperties,
      mechanism: 'PLAIN',
      response,
      locale,
    } as const;
    await client.call(0, startOk, methodIds.connectionTune);
    await client.send(
      methodFrame(0, {
        id: methodIds.connectionTuneOk,
        channelMax: 2047,
        frameMax: 131_072,
        heartbeat: 0,
      }),
    );
    await client.call(
      0,
      { id: methodIds.connectionOpen, virtualHost: '/' },
      methodIds.connectionOpenOk,
    );
    for (let i = 1; i < channelCount; i++)
      await client.send(methodFrame(i, { id: methodIds.channelOpen }));
    await client.call(channelCount, { id: methodIds.channelOpen }, methodIds.channelOpenOk);
    return client;
  }

  /** Writes frames; resolves once the socket takes more. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    await writeAll(this.#socket, Buffer.concat(frames));
  }

  /** The next method of a kind that comes. */
  next(id: Method['id']): Promise<Method> {
    return new Promise((found) => this.#waiting.push({ id, found }));
  }

  /** Sends a method and waits for its answer. */
  async call(channel: number, method: Method, answer: Method['id']): Promise<Method> {
    const found = this.next(answer);
    await this.send(methodFrame(channel, method));
    return found;
  }

  /** Everything that was sent before is done. */
  async caughtUp(): Promise<void> {
    await this.call(
      1,
      { id: methodIds.basicQos, prefetchSize: 0, prefetchCount: 0, global: false },
      methodIds.basicQosOk,
    );
  }

  /** Reads nothing any more. */
  goDeaf(): void {
    this.#socket.pause();
  }

  /** Ends the socket without a word. */
  cut(): void {
    this.#socket.destroy();
  }
}
