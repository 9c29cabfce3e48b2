// A client of AMQP 1.0 without sockets, and its broker.

import type { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { amqp10ForActiveMq } from '../../src/protocols/amqp10/activemq/protocol.ts';
import { Decoder } from '../../src/protocols/amqp10/codec/decoder.ts';
import { Encoder } from '../../src/protocols/amqp10/codec/encoder.ts';
import {
  type Composite,
  compositeCodes,
  readComposite,
  writeComposite,
} from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { amqp10Format } from '../../src/protocols/amqp10/format.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { openParts, PeerBroker } from './peer-broker.ts';
import { PeerTransport } from './peer-transport.ts';

/** A frame as a client has received it. */
export interface ReceivedFrame {
  readonly channel: number;
  /** Undefined for an empty frame. */
  readonly body: Composite | undefined;
  /** What follows the performative. */
  readonly payload: Buffer;
}

const decoder = new Decoder();

/** The protocol header with a protocol id. */
export function header(id: number, major = 1): Buffer {
  return Buffer.of(0x41, 0x4d, 0x51, 0x50, id, major, 0, 0);
}

/** A frame's bytes. */
export function frameBytes(
  channel: number,
  composite: Composite | undefined,
  payload: Buffer = Buffer.alloc(0),
  type = 0,
): Buffer {
  const w = new Encoder();
  if (composite !== undefined) writeComposite(w, composite);
  const body = w.toBuffer();
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length + payload.length);
  head[4] = 2;
  head[5] = type;
  head.writeUInt16BE(channel, 6);
  return Buffer.concat([head, body, payload]);
}

/** Splits what a server has written into frames, strictly. Protocol headers are left out. */
export function readFrames(bytes: Buffer): ReceivedFrame[] {
  const frames: ReceivedFrame[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.toString('latin1', at, at + 4) === 'AMQP') {
      at += 8;
      continue;
    }
    const size = bytes.readUInt32BE(at);
    if (size < 8 || at + size > bytes.length) throw new Error(`a frame of ${size} bytes`);
    if (bytes[at + 4] !== 2) throw new Error(`a data offset of ${bytes[at + 4]}`);
    const end = at + size;
    decoder.reset(bytes, at + 8, end);
    const body = size === 8 ? undefined : readComposite(decoder);
    const payload = Buffer.from(bytes.subarray(size === 8 ? end : decoder.at, end));
    frames.push({ channel: bytes.readUInt16BE(at + 6), body, payload });
    at = end;
  }
  return frames;
}

/** A message: sections as they are encoded. */
export function message(
  ...sections: readonly [code: number, write: (w: Encoder) => void][]
): Buffer {
  const w = new Encoder();
  for (const [code, write] of sections) {
    w.descriptor(code);
    write(w);
  }
  return w.toBuffer();
}

/** A message with a text, durable where said. */
export function textMessage(text: string, durable = false): Buffer {
  const body: [number, (w: Encoder) => void] = [0x77, (w) => w.string(text)];
  if (!durable) return message(body);
  const w = new Encoder();
  writeComposite(w, { code: compositeCodes.header, durable: true });
  return Buffer.concat([w.toBuffer(), message(body)]);
}

const formats = [amqp10Format, stompFormat];

/** A broker's parts, for AMQP 1.0 over a log in memory that syncs when a test says so. */
export class Amqp10Broker extends PeerBroker {
  /** @param before the broker whose log this one takes over, as after a crash */
  static async open(
    limits: Partial<Limits> = {},
    before?: Amqp10Broker,
    more: Partial<BrokerOptions> = {},
  ): Promise<Amqp10Broker> {
    const parts = await openParts(limits, before, { formats, ...more });
    return new Amqp10Broker(parts);
  }

  /** A client with an open connection and a session on channel 0. */
  async client(containerId = 'c1', more: object = {}): Promise<Amqp10Peer> {
    const peer = new Amqp10Peer(this.broker);
    await peer.connect(containerId, more);
    peer.begin();
    peer.take();
    return peer;
  }
}

/** What an attach may say besides its name, handle and role. */
export type AttachFields = Partial<Extract<Composite, { code: 0x12 }>>;

/** A client in this process: what it sends is received at once, what it is sent is kept. */
export class Amqp10Peer extends PeerTransport {
  #deliveryId = 0;

  constructor(broker: Broker, protocol: Protocol = amqp10ForActiveMq(broker)) {
    super(protocol);
  }

  /** Logs in with SASL PLAIN. */
  async logIn(user = 'bob', password = 'secret', mechanism = 'PLAIN'): Promise<void> {
    const initialResponse = Buffer.from(`\0${user}\0${password}`);
    const init = { code: compositeCodes.saslInit, mechanism, initialResponse } as const;
    this.receive(Buffer.concat([header(3), frameBytes(0, init, undefined, 1)]));
    await new Promise(setImmediate);
    this.connection.flush();
  }

  /** Logs in and opens the connection. */
  async connect(containerId: string, more: object = {}): Promise<void> {
    await this.logIn();
    this.receive(header(0));
    this.send({ code: compositeCodes.open, containerId, ...more });
  }

  begin(channel = 0, incomingWindow = 1000): void {
    this.send(
      { code: compositeCodes.begin, nextOutgoingId: 0, incomingWindow, outgoingWindow: 1000 },
      channel,
    );
  }

  send(composite: Composite | undefined, channel = 0, payload?: Buffer): void {
    this.receive(frameBytes(channel, composite, payload));
  }

  receive(bytes: Buffer): void {
    this.connection.receive(bytes);
    this.connection.flush();
  }

  /** Frames that have come since the last look. */
  take(): ReceivedFrame[] {
    this.connection.flush();
    return readFrames(Buffer.concat(this.received.splice(0)));
  }

  /** Composites that have come since the last look. */
  bodies(): (Composite | undefined)[] {
    return this.take().map(({ body }) => body);
  }

  /** Attaches as a sender. */
  attachSender(name: string, address: string | undefined, handle = 0, more: AttachFields = {}) {
    this.send({
      code: compositeCodes.attach,
      name,
      handle,
      role: false,
      source: { code: compositeCodes.source },
      target: {
        code: compositeCodes.target,
        address: address === undefined ? undefined : { type: 'string', value: address },
      },
      initialDeliveryCount: 0,
      ...more,
    });
  }

  /** Attaches as a receiver. */
  attachReceiver(
    name: string,
    address: string,
    handle = 1,
    source: object = {},
    more: AttachFields = {},
  ) {
    this.send({
      code: compositeCodes.attach,
      name,
      handle,
      role: true,
      source: {
        code: compositeCodes.source,
        address: { type: 'string', value: address },
        ...source,
      },
      target: { code: compositeCodes.target },
      ...more,
    });
  }

  /** Grants credit to a link on which the broker sends. */
  flow(handle: number, linkCredit: number, more: object = {}): void {
    this.send({
      code: compositeCodes.flow,
      nextIncomingId: 0,
      incomingWindow: 100_000,
      nextOutgoingId: 0,
      outgoingWindow: 1000,
      handle,
      deliveryCount: 0,
      linkCredit,
      ...more,
    });
  }

  /** Sends a message in one transfer. Returns the id of the delivery. */
  transfer(payload: Buffer, handle = 0, more: object = {}): number {
    const deliveryId = this.#deliveryId++;
    const deliveryTag = Buffer.from(String(deliveryId));
    this.send(
      { code: compositeCodes.transfer, handle, deliveryId, deliveryTag, messageFormat: 0, ...more },
      0,
      payload,
    );
    return deliveryId;
  }

  /** Gives an outcome to deliveries. */
  settle(first: number, state: Composite | undefined, more: object = {}): void {
    this.send({
      code: compositeCodes.disposition,
      role: true,
      first,
      settled: true,
      state,
      ...more,
    });
  }
}
