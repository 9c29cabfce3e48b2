// AMQP 1.0 on a broker of RabbitMQ's type in this process, with peers of AMQP 0-9-1 on the same broker.

import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import { Decoder } from '../../src/protocols/amqp10/codec/decoder.ts';
import { Encoder } from '../../src/protocols/amqp10/codec/encoder.ts';
import type { Entry, Item } from '../../src/protocols/amqp10/codec/items.ts';
import {
  type Composite,
  compositeCodes,
  writeComposite,
} from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { SectionScan } from '../../src/protocols/amqp10/messages/sections.ts';
import { rabbitMqFormat } from '../../src/protocols/amqp10/rabbitmq/conversion/format.ts';
import { amqp10ForRabbitMq } from '../../src/protocols/amqp10/rabbitmq/protocol.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { Amqp10Broker, Amqp10Peer } from './amqp10-peer.ts';

/** A string. */
export const text = (value: string): Item => ({ type: 'string', value });
/** A symbol. */
export const symbol = (value: string): Item => ({ type: 'symbol', value });

/** The value of an item, without types. */
export function plain(item: Item | undefined): unknown {
  if (item === undefined) return undefined;
  switch (item.type) {
    case 'map':
      return Object.fromEntries(item.value.map(([key, value]) => [key.value, plain(value)]));
    case 'list':
    case 'array':
      return item.value.map(plain);
    case 'described':
      return plain(item.value);
    case 'binary':
      return `0x${item.value.toString('hex')}`;
    default:
      return item.value;
  }
}

const names = new Map([
  [0x70, 'header'],
  [0x72, 'annotations'],
  [0x73, 'properties'],
  [0x74, 'applicationProperties'],
  [0x75, 'data'],
  [0x76, 'sequence'],
  [0x77, 'value'],
  [0x78, 'footer'],
]);

/** The sections of a message by their names, without types. */
export function readMessage(payload: Buffer): Record<string, unknown> {
  const scan = new SectionScan();
  const decoder = new Decoder();
  const found: Record<string, unknown> = {};
  for (let at = 0; at < payload.length; at = scan.end) {
    scan.read(payload, at, payload.length);
    const item = decoder.reset(payload, scan.valueAt, scan.end).item();
    found[names.get(scan.code) ?? String(scan.code)] = plain(item);
  }
  return found;
}

/** The sections of a message to send. */
export interface MessageParts {
  readonly header?: object;
  readonly annotations?: readonly Entry[];
  readonly properties?: object;
  readonly applicationProperties?: readonly Entry[];
  /** Data, or a value. */
  readonly body?: string | Buffer | Item;
}

/** Encodes a message. */
export function encodeMessage(parts: MessageParts): Buffer {
  const { header, annotations, properties, applicationProperties, body = 'body' } = parts;
  const w = new Encoder();
  if (header !== undefined)
    writeComposite(w, { code: compositeCodes.header, ...header } as Composite);
  if (annotations !== undefined) {
    w.descriptor(0x72);
    w.map(annotations);
  }
  if (properties !== undefined) {
    writeComposite(w, { code: compositeCodes.properties, ...properties } as Composite);
  }
  if (applicationProperties !== undefined) {
    w.descriptor(0x74);
    w.map(applicationProperties);
  }
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    w.descriptor(0x75);
    w.binary(Buffer.from(body));
  } else {
    w.descriptor(0x77);
    if (body.type === 'null') w.u8(0x40);
    else w.item(body);
  }
  return w.toBuffer();
}

/** A broker of RabbitMQ's type over a log in memory. */
export class RabbitMqBroker {
  readonly inner: Amqp10Broker;
  readonly protocol: Protocol;

  private constructor(inner: Amqp10Broker) {
    this.inner = inner;
    this.protocol = amqp10ForRabbitMq(inner.broker);
  }

  static async open(
    engineVersion = '4.2',
    before?: RabbitMqBroker,
    more: Partial<BrokerOptions> = {},
  ): Promise<RabbitMqBroker> {
    const formats = [amqp091Format, rabbitMqFormat];
    const options = { formats, engineVersion, ...more };
    return new RabbitMqBroker(await Amqp10Broker.open({}, before?.inner, options));
  }

  get broker() {
    return this.inner.broker;
  }

  sync(): void {
    this.inner.sync();
  }

  /** A client with an open connection and a session on channel 0. */
  async client(containerId = 'c1', open: object = {}, user = 'bob'): Promise<Amqp10Peer> {
    const peer = new Amqp10Peer(this.broker, this.protocol);
    await peer.logIn(user);
    peer.receive(Buffer.from('AMQP\0\x01\0\0'));
    peer.send({ code: compositeCodes.open, containerId, ...open });
    peer.begin();
    peer.take();
    return peer;
  }

  /** Declares a queue. */
  declare(queue: string, args: object = {}): void {
    const options = {
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: args as never,
    };
    this.broker.vhost('/').declareQueue(queue, options, this);
  }

  ready(queue: string): number | undefined {
    return this.inner.ready(queue);
  }
}

/** A pair of links to the management node, and requests over it. */
export class ManagementClient {
  readonly #peer: Amqp10Peer;
  readonly #sync: () => void;
  #number = 0;

  constructor(peer: Amqp10Peer, sync: () => void) {
    this.#peer = peer;
    this.#sync = sync;
    const paired: readonly Entry[] = [[symbol('paired'), { type: 'boolean', value: true }]];
    peer.attachSender('mgmt', '/management', 10, {
      sndSettleMode: 1,
      properties: paired,
      source: { code: compositeCodes.source, address: text('me') },
    });
    peer.attachReceiver(
      'mgmt',
      '/management',
      11,
      {},
      {
        sndSettleMode: 1,
        properties: paired,
        target: { code: compositeCodes.target, address: text('me') },
      },
    );
    peer.take();
    peer.flow(11, 100);
  }

  /** Performs a request. Returns the status and the body without types. */
  call(method: string, to: string, body?: Item): { status: unknown; body: unknown } {
    const id = `r${this.#number++}`;
    const properties = { messageId: text(id), to: text(to), subject: method, replyTo: text('$me') };
    const payload = encodeMessage({ properties, body: body ?? { type: 'null', value: null } });
    this.#peer.transfer(payload, 10, { settled: true });
    this.#sync();
    for (const frame of this.#peer.take()) {
      const found = frame.body;
      if (found?.code === compositeCodes.end) throw new Error(JSON.stringify(found.error));
      if (found?.code !== compositeCodes.transfer) continue;
      const message = readMessage(frame.payload);
      const list = message['properties'] as unknown[];
      if (list[5] !== id) throw new Error(`a response to ${String(list[5])}`);
      return { status: list[3], body: message['value'] };
    }
    throw new Error('no response');
  }
}
