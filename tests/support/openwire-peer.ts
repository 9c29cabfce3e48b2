// A client of OpenWire without sockets, and its broker.

import type { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import type { Value } from '../../src/broker/conversion/value.ts';
import type { Limits } from '../../src/broker/limits.ts';
import { amqp091Format } from '../../src/protocols/amqp091/format.ts';
import { Codec } from '../../src/protocols/openwire/codec/codec.ts';
import {
  type ConsumerInfo,
  connectionControl,
  connectionInfo,
  consumerInfo,
  type DataStructure,
  type Destination,
  type Message,
  type MessageDispatch,
  messageAck,
  type ProducerId,
  producerInfo,
  sessionInfo,
  type TransactionId,
  textMessage,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import { encodeMap } from '../../src/protocols/openwire/codec/primitives.ts';
import type { WireFormat } from '../../src/protocols/openwire/codec/wire-format.ts';
import { openwireFormat } from '../../src/protocols/openwire/format.ts';
import { openwire } from '../../src/protocols/openwire/protocol.ts';
import type { Protocol } from '../../src/protocols/protocol.ts';
import { stompFormat } from '../../src/protocols/stomp/activemq/format.ts';
import { type BrokerParts, openParts, PeerBroker } from './peer-broker.ts';
import { PeerTransport } from './peer-transport.ts';

const formats = [amqp091Format, stompFormat, openwireFormat];

/** A broker's parts, for OpenWire over a log in memory that syncs when a test says so. */
export class OpenWireBroker extends PeerBroker {
  readonly protocol: Protocol;

  private constructor(parts: BrokerParts) {
    super(parts);
    this.protocol = openwire(parts.broker);
  }

  /**
   * @param before the broker whose log this one takes over, as after a crash
   * @param configure called before the protocol is created
   */
  static async open(
    limits: Partial<Limits> = {},
    before?: OpenWireBroker,
    more: Partial<BrokerOptions> = {},
    configure: (broker: Broker) => void = () => {},
  ): Promise<OpenWireBroker> {
    const parts = await openParts(limits, before, { formats, ...more });
    configure(parts.broker);
    return new OpenWireBroker(parts);
  }

  /** A client that has logged in. */
  async client(options: ClientOptions = {}): Promise<OpenWirePeer> {
    const peer = new OpenWirePeer(this.protocol);
    peer.negotiate(options.format);
    await peer.connect(options);
    this.sync();
    peer.take();
    return peer;
  }
}

/** How a client opens its connection. */
export interface ClientOptions {
  readonly format?: Partial<WireFormat>;
  readonly connection?: string;
  readonly clientId?: string;
  readonly user?: string;
  readonly password?: string;
  readonly failover?: boolean;
  readonly manageable?: boolean;
}

const defaultFormat: WireFormat = {
  version: 12,
  isTight: true,
  cacheSize: 1024,
  inactivityMs: 30_000,
  inactivityDelayMs: 10_000,
};

/** The frame of a client's WireFormatInfo, with its length. */
export function clientFormatInfo(format: WireFormat): Buffer {
  const flag = (value: boolean): Value => ({ type: 'boolean', value });
  const long = (value: number): Value => ({ type: 'long', value: BigInt(value) });
  const properties = encodeMap([
    ['TightEncodingEnabled', flag(format.isTight)],
    ['CacheEnabled', flag(format.cacheSize > 0)],
    ['CacheSize', { type: 'int', value: format.cacheSize }],
    ['MaxInactivityDuration', long(format.inactivityMs)],
    ['MaxInactivityDurationInitalDelay', long(format.inactivityDelayMs)],
  ]);
  const bytes = Buffer.alloc(22 + properties.length);
  bytes.writeUInt32BE(bytes.length - 4);
  bytes[4] = 1;
  bytes.write('ActiveMQ', 5);
  bytes.writeInt32BE(format.version, 13);
  bytes[17] = 1;
  bytes.writeInt32BE(properties.length, 18);
  properties.copy(bytes, 22);
  return bytes;
}

/** The frames with which a client logs in. */
export function openWireLogin(userName: string, password: string): Buffer {
  const format = { ...defaultFormat, cacheSize: 0 };
  const pieces = [clientFormatInfo(format)];
  const info = connectionInfo({
    commandId: 1,
    responseRequired: true,
    connectionId: { type: types.ConnectionId, value: 'ID:c-1:1' },
    clientId: 'c',
    userName,
    password,
  });
  new Codec(format).encode(info, {
    append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
  });
  return Buffer.concat(pieces);
}

/** A queue. */
export const queue = (physicalName: string): Destination => ({
  type: types.QueueDestination,
  physicalName,
});

/** A topic. */
export const topic = (physicalName: string): Destination => ({
  type: types.TopicDestination,
  physicalName,
});

/** A client in this process: what it sends is received at once, what it is sent is kept. */
export class OpenWirePeer extends PeerTransport {
  connectionId = 'ID:c-1:1';
  #codec: Codec | undefined = undefined;
  #commandId = 0;
  #sequence = 0;

  get codec(): Codec {
    if (this.#codec === undefined) throw new Error('nothing is negotiated');
    return this.#codec;
  }

  /** Sends a WireFormatInfo; the broker's first frame is taken. */
  negotiate(format: Partial<WireFormat> = {}): void {
    const all = { ...defaultFormat, ...format };
    this.receive(clientFormatInfo(all));
    this.received.shift();
    const cacheSize = Math.min(all.cacheSize, 1024);
    this.#codec = new Codec({ ...all, version: Math.min(all.version, 12), cacheSize });
  }

  /** Logs in as `bob`; what comes back stays to be taken. */
  async connect(options: ClientOptions = {}): Promise<void> {
    this.connectionId = options.connection ?? this.connectionId;
    // As ActiveMQ's failover transport does when it connects again.
    if (options.failover === true) this.send(connectionControl({ faultTolerant: true }));
    this.send(
      connectionInfo({
        commandId: ++this.#commandId,
        responseRequired: true,
        connectionId: { type: types.ConnectionId, value: this.connectionId },
        clientId: options.clientId ?? this.connectionId,
        userName: options.user ?? 'bob',
        password: options.password ?? 'secret',
        manageable: options.manageable ?? false,
        faultTolerant: options.failover ?? false,
        failoverReconnect: options.failover ?? false,
      }),
    );
    await new Promise(setImmediate);
    this.connection.flush();
  }

  /** The bytes of a command, as this client would send it next. */
  encode(structure: DataStructure): Buffer {
    const pieces: Buffer[] = [];
    this.codec.encode(structure, {
      append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
    });
    return Buffer.concat(pieces);
  }

  send(structure: DataStructure): void {
    this.receive(this.encode(structure));
  }

  receive(bytes: Buffer): void {
    this.connection.receive(bytes);
    this.connection.flush();
  }

  /** Commands that have come since the last look. */
  take(): DataStructure[] {
    this.connection.flush();
    const bytes = Buffer.concat(this.received.splice(0));
    const found: DataStructure[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = at + 4 + bytes.readUInt32BE(at);
      const structure = this.codec.decode(bytes, at + 4, end);
      if (structure !== undefined) found.push(structure);
      at = end;
    }
    return found;
  }

  /** The dispatches among them. */
  dispatches(): MessageDispatch[] {
    return this.take().flatMap((each) => (each.type === types.MessageDispatch ? [each] : []));
  }

  /** The texts of the messages among them. */
  texts(): (string | undefined)[] {
    return this.dispatches().map(({ message }) => textOf(message));
  }

  /** Sends a command that wants an answer, and returns everything that came back. */
  ask<S extends DataStructure & { commandId: number; responseRequired: boolean }>(
    command: S,
  ): DataStructure[] {
    const asked: unknown = { ...command, commandId: ++this.#commandId, responseRequired: true };
    this.send(asked as DataStructure); // the same type of command
    return this.take();
  }

  /** The text of the exception that a command was answered with; undefined if there was none. */
  exception<S extends DataStructure & { commandId: number; responseRequired: boolean }>(
    command: S,
  ): string | undefined {
    for (const answer of this.ask(command)) {
      if (answer.type !== types.ExceptionResponse && answer.type !== types.ConnectionError)
        continue;
      return `${answer.exception?.className}: ${answer.exception?.message}`;
    }
    return undefined;
  }

  session(value = 1): void {
    const sessionId = { type: types.SessionId, connectionId: this.connectionId, value } as const;
    this.send(sessionInfo({ sessionId }));
  }

  producerId(value = 1): ProducerId {
    const { connectionId } = this;
    return { type: types.ProducerId, connectionId, value, sessionId: 1 };
  }

  /** Adds session 1 and producer 1. */
  produce(fields: Parameters<typeof producerInfo>[0] = {}): void {
    this.session();
    this.send(producerInfo({ producerId: this.producerId(), ...fields }));
  }

  consumer(
    value: number,
    destination: Destination,
    fields: Parameters<typeof consumerInfo>[0] = {},
  ): ConsumerInfo {
    const { connectionId } = this;
    const consumerId = { type: types.ConsumerId, connectionId, sessionId: 1, value } as const;
    return consumerInfo({ consumerId, destination, prefetchSize: 1000, ...fields });
  }

  /** Adds session 1 and a consumer. */
  consume(
    value: number,
    destination: Destination,
    fields: Parameters<typeof consumerInfo>[0] = {},
  ): ConsumerInfo {
    this.session();
    const info = this.consumer(value, destination, fields);
    this.send(info);
    return info;
  }

  message(destination: Destination, text: string, fields: Partial<Message> = {}): Message {
    const content = Buffer.alloc(4 + Buffer.byteLength(text));
    content.writeInt32BE(content.length - 4);
    content.write(text, 4);
    const producerId = this.producerId();
    const message = textMessage({
      producerId,
      destination,
      content,
      persistent: true,
      priority: 4,
      timestamp: 1_700_000_000_000,
      messageId: {
        type: types.MessageId,
        textView: undefined,
        producerId,
        producerSequenceId: ++this.#sequence,
        brokerSequenceId: 0,
      },
    });
    return { ...message, ...fields } as Message; // of the type that the fields name
  }

  /** Sends a message without wanting an answer. */
  publish(destination: Destination, text: string, fields: Partial<Message> = {}): void {
    this.send(this.message(destination, text, fields));
  }

  /** Acknowledges a range of dispatches. */
  ack(
    dispatches: readonly MessageDispatch[],
    ackType = 2,
    transactionId?: TransactionId,
    fields: Parameters<typeof messageAck>[0] = {},
  ): void {
    const [first] = dispatches;
    this.send(
      messageAck({
        consumerId: first?.consumerId,
        destination: first?.destination,
        transactionId,
        ackType,
        firstMessageId: first?.message?.messageId,
        lastMessageId: dispatches.at(-1)?.message?.messageId,
        messageCount: dispatches.length,
        ...fields,
      }),
    );
  }
}

/** The text of a text message. */
export function textOf(message: Message | undefined): string | undefined {
  return message?.content?.toString('utf8', 4);
}
