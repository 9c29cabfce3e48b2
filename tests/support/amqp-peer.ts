// An AMQP 0-9-1 peer in this process, and frames for it.

import { Reader, Writer } from '../../src/base/bytes.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { Limits } from '../../src/broker/limits.ts';
import {
  type BasicProperties,
  writeProperties,
} from '../../src/protocols/amqp091/codec/basic-properties.ts';
import { FrameReader, frameTypes } from '../../src/protocols/amqp091/codec/frames.ts';
import {
  type BasicConsume,
  type Method,
  methodIds,
  type QueueDeclare,
  readMethod,
  writeMethod,
} from '../../src/protocols/amqp091/codec/methods.gen.ts';
import type { FieldTable } from '../../src/protocols/amqp091/codec/tables.ts';
import { AmqpConnection } from '../../src/protocols/amqp091/connection.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { protocolHeader } from '../../src/protocols/amqp091/handshake.ts';
import { SharedState } from '../../src/protocols/amqp091/shared-state.ts';
import type { Transport } from '../../src/protocols/protocol.ts';
import { MemoryLog } from './memory-log.ts';

/** A broker over a log in memory that syncs when a test says so. */
export async function openBroker(
  limits: Partial<Limits> = {},
  memoryBytes = () => 0,
  onInternalError = (error: unknown, _peerAddress: string): void => {
    throw error;
  },
  engineVersion = '3.13',
) {
  const log = new MemoryLog();
  const broker = await Broker.open({
    turnMs: () => 0,
    openLog: async (store) => {
      store.attach(log);
    },
    formats: [amqp091Format],
    users: [{ username: 'guest', passwordHash: 'guest' }],
    verifyPassword: async (password, hash) => password === hash,
    limits,
    memoryBytes,
    onInternalError,
    engineVersion,
  });
  log.onDurable = (group) => broker.onDurable(group);
  return { broker, log };
}

/** One frame. */
export function frame(type: number, channel: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(channel, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

/** A method frame. */
export function methodFrame(channel: number, method: Method): Buffer {
  const w = new Writer();
  writeMethod(w, method);
  return frame(frameTypes.method, channel, w.toBuffer());
}

/** Header and body frames. */
export function contentFrames(channel: number, body: Buffer, properties: BasicProperties = {}) {
  const w = new Writer();
  w.u16(60);
  w.u16(0);
  w.u64(body.length);
  writeProperties(w, properties);
  const header = frame(frameTypes.header, channel, w.toBuffer());
  return body.length === 0
    ? header
    : Buffer.concat([header, frame(frameTypes.body, channel, body)]);
}

/** `basic.publish` with its content. */
export function publishFrames(
  channel: number,
  routingKey: string,
  body: string,
  properties: BasicProperties = {},
  exchange = '',
  mandatory = false,
): Buffer {
  const method = {
    id: methodIds.basicPublish,
    exchange,
    routingKey,
    mandatory,
    immediate: false,
  } as const;
  const content = contentFrames(channel, Buffer.from(body), properties);
  return Buffer.concat([methodFrame(channel, method), content]);
}

/** What a client says it understands. */
export const capabilities: FieldTable = {
  capabilities: {
    type: 'table',
    value: {
      authentication_failure_close: { type: 'bool', value: true },
      consumer_cancel_notify: { type: 'bool', value: true },
      'connection.blocked': { type: 'bool', value: true },
    },
  },
};

/** Reply codes and texts of the closes among what was received, `channel` or `connection` first. */
export function closes(received: readonly (Method | string)[]): string[] {
  return received.flatMap((x) => {
    if (
      typeof x === 'string' ||
      (x.id !== methodIds.connectionClose && x.id !== methodIds.channelClose)
    )
      return [];
    const scope = x.id === methodIds.channelClose ? 'channel' : 'connection';
    return [`${scope} ${x.replyCode} ${x.replyText}`];
  });
}

const sharedStates = new WeakMap<Broker, SharedState>();

/** What the peers of a broker share. */
function sharedStateOf(broker: Broker): SharedState {
  const known = sharedStates.get(broker) ?? new SharedState(broker);
  sharedStates.set(broker, known);
  return known;
}

/** A client in this process: what it sends is received at once, what it is sent is kept. */
export class AmqpPeer implements Transport {
  readonly peerAddress: string;
  readonly localAddress = '127.0.0.1:2';
  readonly tlsVersion = 'TLSv1.3';
  readonly connection: AmqpConnection;
  /** Methods and bodies in their order; a body as its text. */
  received: (Method | string)[] = [];
  bytes: Buffer[] = [];
  /** Delivery tags that have come. */
  deliveries: { readonly channel: number; readonly tag: number }[] = [];
  /** Channels that either side has closed. */
  closed: number[] = [];
  isClosed = false;
  isPaused = false;
  /** The result of `write`. While it is false, written data stays unread. */
  takesMore = true;
  /** Whether what was written stays unread though `write` does not say so. */
  isSlow = false;
  #unread: (() => void)[] = [];
  #body: Buffer[] = [];
  #bodyLeft = 0;
  readonly #frames = new FrameReader(
    {
      method: (channel, bytes, at, end) => {
        const r = new Reader(bytes, at, end);
        const method = readMethod(r.u32(), r);
        if (method === undefined) return;
        this.received.push(method);
        if (method.id === methodIds.basicDeliver || method.id === methodIds.basicGetOk) {
          this.deliveries.push({ channel, tag: method.deliveryTag });
        }
        if (method.id === methodIds.channelClose || method.id === methodIds.channelCloseOk)
          this.closed.push(channel);
      },
      header: (_, bytes, at) => {
        this.#bodyLeft = bytes.readUInt32BE(at + 8);
        if (this.#bodyLeft === 0) this.received.push('');
      },
      body: (_, bytes, at, end) => {
        this.#body.push(bytes.subarray(at, end));
        this.#bodyLeft -= end - at;
        if (this.#bodyLeft === 0 && end > at)
          this.received.push(Buffer.concat(this.#body.splice(0)).toString());
      },
      heartbeat: () => this.received.push('heartbeat'),
    },
    131_072,
  );

  constructor(broker: Broker, peerAddress = '127.0.0.1:1') {
    this.peerAddress = peerAddress;
    this.connection = new AmqpConnection(this, sharedStateOf(broker));
  }

  write(bytes: Buffer, released?: () => void): boolean {
    const copy = Buffer.from(bytes);
    this.bytes.push(copy);
    if (released !== undefined) this.#unread.push(released);
    if (this.takesMore && !this.isSlow) this.read();
    if (copy.subarray(0, 4).toString() !== 'AMQP') this.#frames.receive(copy);
    return this.takesMore;
  }
  /** Reads everything that was written, so that the connection may write more. */
  drain(): void {
    this.takesMore = true;
    this.read();
    this.connection.writable();
  }

  /**
   * Lets turns of the event loop pass until this many deliveries have come: a turn has a part of
   * many.
   */
  async untilDelivered(count: number): Promise<void> {
    for (let turns = 0; this.deliveries.length < count; turns++) {
      if (turns > 1000) throw new Error(`${this.deliveries.length} of ${count} have come`);
      this.drain();
      await new Promise((resolve) => setImmediate(resolve));
      this.connection.flush();
    }
  }

  /** Reads everything that was written. */
  read(): void {
    for (const released of this.#unread.splice(0)) released();
  }

  requestFlush(): void {}
  checksLogin(): void {}
  admit(): void {}

  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {
    this.isClosed = true;
  }

  /** Sends bytes and returns what came back. */
  send(...chunks: Buffer[]): (Method | string)[] {
    for (const chunk of chunks) this.connection.receive(chunk);
    return this.take();
  }

  /** Declares a queue; durable where `how` does not say otherwise. */
  declare(queue: string, args: FieldTable = {}, how: Partial<QueueDeclare> = {}) {
    return this.call(1, {
      id: methodIds.queueDeclare,
      queue,
      passive: false,
      durable: true,
      exclusive: false,
      autoDelete: false,
      noWait: true,
      arguments: args,
      ...how,
    });
  }

  /** Begins to consume under the queue's name as tag. */
  consume(queue: string, how: Partial<BasicConsume> = {}) {
    return this.call(1, {
      id: methodIds.basicConsume,
      queue,
      consumerTag: queue,
      noLocal: false,
      noAck: false,
      exclusive: false,
      noWait: true,
      arguments: {},
      ...how,
    });
  }

  call(channel: number, method: Method): (Method | string)[] {
    return this.send(methodFrame(channel, method));
  }

  /** What has come since the last look. */
  take(): (Method | string)[] {
    this.connection.flush();
    return this.received.splice(0);
  }

  /** Logs in and opens a virtual host, `/` by default. Returns the answer to that. */
  async open(
    password = 'guest',
    heartbeat = 10,
    { user = 'guest', virtualHost = '/', clientProperties = capabilities } = {},
  ): Promise<(Method | string)[]> {
    this.send(protocolHeader);
    this.call(0, {
      id: methodIds.connectionStartOk,
      clientProperties,
      mechanism: 'PLAIN',
      response: Buffer.from(`\0${user}\0${password}`),
      locale: 'en_US',
    });
    await new Promise(setImmediate);
    this.call(0, { id: methodIds.connectionTuneOk, channelMax: 100, frameMax: 131_072, heartbeat });
    return this.call(0, { id: methodIds.connectionOpen, virtualHost });
  }

  /** A peer with channel 1 open and the queue `q` declared. */
  static async ready(broker: Broker, heartbeat = 10): Promise<AmqpPeer> {
    const peer = new AmqpPeer(broker);
    await peer.open('guest', heartbeat);
    peer.call(1, { id: methodIds.channelOpen });
    peer.declare('q');
    return peer;
  }
}
