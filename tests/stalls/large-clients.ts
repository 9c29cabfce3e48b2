// Clients that send and receive one large message.

import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { ConsumeMessage } from 'amqplib';
import rhea, { type EventContext } from 'rhea';
import { frameTypes } from '../../src/protocols/amqp091/codec/frames.ts';
import {
  consumerInfo,
  type TransactionId,
  transactionInfo,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import { AmqpClient } from '../support/amqp-client.ts';
import { frame, publishFrames } from '../support/amqp-peer.ts';
import { connectPacket, field, packet, subscribePacket } from '../support/mqtt-packets.ts';
import { queue } from '../support/openwire-peer.ts';
import { until } from '../support/processes.ts';
import { connectRhea } from '../support/rhea-client.ts';
import { textFrame } from '../support/stomp-peer.ts';
import type { MeteredProcess } from './metered-process.ts';
import type { MeteredKind } from './opened-broker.ts';
import { RawClient } from './raw-client.ts';
import { secureSocket, writeAll } from './secure-socket.ts';

/** Milliseconds until an answer, on a machine with much other work. */
const answerMs = 300_000;

/** A broker that clients can reach. */
export type LargeBroker = Pick<MeteredProcess, 'address' | 'openwire'>;

/** A client of one protocol, with a queue or a topic. */
export interface LargeClient {
  /** Resolves when the broker has confirmed the message, which is persistent. */
  readonly publish: (body: Buffer) => Promise<void>;
  /** Resolves with the body of a message of this many bytes. */
  readonly receive: (size: number) => Promise<Buffer>;
  readonly close: () => void;
}

/** A protocol of a kind of broker. */
export interface LargeProtocol {
  readonly kind: MeteredKind;
  readonly protocol: string;
  /** What a message may have, MiB; undefined for what any may. */
  readonly mibMax?: number;
  /** Opens a client of a queue, or of a topic with MQTT. */
  readonly open: (broker: LargeBroker, name: string) => Promise<LargeClient>;
}

/** Bytes that have come. */
class Received {
  readonly #pieces: Buffer[] = [];
  length = 0;

  constructor(socket: Duplex) {
    socket.on('data', (bytes: Buffer) => {
      this.#pieces.push(bytes);
      this.length += bytes.length;
    });
  }

  /** All from an offset, once there are this many bytes after it. */
  async from(offset: number, size: number): Promise<Buffer> {
    await until(`${size} bytes have come`, () => this.length >= offset + size, answerMs);
    return Buffer.concat(this.#pieces).subarray(offset);
  }

  /** Waits for a text within the last bytes, after an offset. */
  async text(text: string, offset: number): Promise<void> {
    const isThere = () => {
      const last = Buffer.concat(this.#pieces.slice(-2)).toString('latin1');
      return this.length > offset && last.includes(text);
    };
    await until(`${text} has come`, isThere, answerMs);
  }
}

/** AMQP 0-9-1, with a queue that gets what MQTT publishes to the topic of the same name. */
export async function amqp091(broker: LargeBroker, name: string): Promise<LargeClient> {
  const { port, ca } = broker.address('amqp091');
  const client = await AmqpClient.connect(`amqps://guest:guest@localhost:${port}`, ca);
  const channel = await client.model.createConfirmChannel();
  await channel.assertQueue(name, { durable: true });
  await channel.bindQueue(name, 'amq.topic', name);
  return {
    publish: async (body) => {
      channel.publish('amq.topic', name, body, { persistent: true });
      await channel.waitForConfirms();
    },
    receive: () =>
      new Promise((resolve, reject) => {
        const take = (message: ConsumeMessage | null) => {
          if (message !== null) resolve(message.content);
        };
        const taken = channel.consume(name, take, { noAck: true });
        taken.catch(reject);
      }),
    close: () => void client.model.close(),
  };
}

/** The same with a transaction, which amqplib does not have. */
async function amqp091InTransaction(broker: LargeBroker, name: string): Promise<LargeClient> {
  const { port, ca } = broker.address('amqp091');
  const client = await amqp091(broker, name);
  const raw = await RawClient.open(port, ca);
  await raw.call(1, { id: 0x005a000a }, 0x005a000b);
  return {
    publish: async (body) => {
      const frameBytes = 65_536;
      // The frames of an empty message, with the size of this one.
      const head = publishFrames(1, name, '', { deliveryMode: 2 });
      head.writeUInt32BE(body.length, head.lastIndexOf(Buffer.alloc(8)) + 4);
      await raw.send(head);
      for (let at = 0; at < body.length; at += frameBytes) {
        await raw.send(frame(frameTypes.body, 1, body.subarray(at, at + frameBytes)));
      }
      await raw.call(1, { id: 0x005a0014 }, 0x005a0015);
    },
    receive: client.receive,
    close: () => {
      raw.cut();
      client.close();
    },
  };
}

/** @param prefix of the address of a queue */
export const amqp10 = (protocol: string, prefix: string) =>
  async function open(broker: LargeBroker, name: string): Promise<LargeClient> {
    const login = { username: 'guest', password: 'guest' };
    const connection = await connectRhea(broker.address(protocol), login);
    const sender = connection.open_sender(prefix + name);
    await once(sender, 'sendable');
    return {
      publish: async (body) => {
        const accepted = once(sender, 'accepted');
        sender.send({ durable: true, body: rhea.message.data_section(body) });
        await accepted;
      },
      receive: async () => {
        const receiver = connection.open_receiver({ source: prefix + name });
        const [{ message }] = (await once(receiver, 'message')) as [EventContext];
        const body = message?.body as { content: Buffer } | string | undefined; // data, or text
        return typeof body === 'string' ? Buffer.from(body) : (body?.content ?? Buffer.alloc(0));
      },
      close: () => connection.close(),
    };
  };

/** How a STOMP client sends. */
interface StompSending {
  /** Whether it sends texts, which have no length; what RabbitMQ's type gets are bytes. */
  readonly isText?: boolean;
  /** Whether it sends in a transaction, and then commits. */
  readonly inTransaction?: boolean;
}

/** @param prefix of a destination */
export const stomp = (protocol: string, prefix: string, sending: StompSending = {}) =>
  async function open(broker: LargeBroker, name: string): Promise<LargeClient> {
    const destination = prefix + name;
    const { port, ca } = broker.address(protocol);
    const socket = await secureSocket(port, ca);
    const received = new Received(socket);
    const login = { 'accept-version': '1.2', host: '/', login: 'guest', passcode: 'guest' };
    await writeAll(socket, Buffer.from(textFrame('CONNECT', login, '')));
    await received.text('CONNECTED', 0);
    return {
      publish: async (body) => {
        const { isText, inTransaction } = sending;
        const receipt = { receipt: 'stored' };
        const transaction = { transaction: 't1' };
        const common = { destination, persistent: 'true' };
        const length = isText ? {} : { 'content-length': String(body.length) };
        const rest = inTransaction ? transaction : receipt;
        const headers = { ...common, ...length, ...rest };
        const start = textFrame('SEND', headers, '').slice(0, -1);
        const before = received.length;
        const [first, last] = inTransaction
          ? [
              textFrame('BEGIN', transaction, ''),
              textFrame('COMMIT', { ...transaction, ...receipt }, ''),
            ]
          : ['', ''];
        const frame = [Buffer.from(first + start), body, Buffer.from(`\0${last}`)];
        await writeAll(socket, Buffer.concat(frame));
        await received.text('receipt-id:stored', before);
      },
      receive: async (size) => {
        const before = received.length;
        const subscription = { destination, id: '1', ack: 'auto' };
        await writeAll(socket, Buffer.from(textFrame('SUBSCRIBE', subscription, '')));
        const found = await received.from(before, size + 2);
        const bodyAt = found.indexOf('\n\n') + 2;
        const rest = await received.from(before + bodyAt, size + 1);
        return rest.subarray(0, size);
      },
      close: () => socket.destroy(),
    };
  };

/** MQTT, with a subscription and a second connection that sends. */
export const mqtt = (protocol: string) =>
  async function open(broker: LargeBroker, name: string): Promise<LargeClient> {
    const { port, ca } = broker.address(protocol);
    const socket = await secureSocket(port, ca);
    const received = new Received(socket);
    const login = { clientId: name, username: 'guest', password: 'guest' };
    await writeAll(socket, connectPacket({ version: 4, ...login }));
    await received.from(0, 4);
    await writeAll(socket, subscribePacket(4, 1, { [name]: 0 }));
    await received.from(4, 5);
    const other = await secureSocket(port, ca);
    const answers = new Received(other);
    await writeAll(other, connectPacket({ version: 4, ...login, clientId: `${name}-sender` }));
    await answers.from(0, 4);
    return {
      publish: async (body) => {
        await writeAll(other, packet(0x32, field(name), Buffer.of(0, 1), body));
        await answers.from(4, 4);
      },
      receive: async (size) => {
        const headBytes = packet(0x30, field(name), Buffer.alloc(size)).length - size;
        const found = await received.from(9, headBytes + size);
        return found.subarray(headBytes);
      },
      close: () => {
        socket.destroy();
        other.destroy();
      },
    };
  };

/** OpenWire, which sends texts. */
export const openwire = (broker: LargeBroker, name: string): Promise<LargeClient> =>
  openwireClient(broker, name, false);

/** The actions of XA transactions. */
const actions = { begin: 0, prepare: 1, commitTwoPhase: 3 };

/** The same in an XA transaction, which is prepared and then committed. */
const openwireXa = (broker: LargeBroker, name: string): Promise<LargeClient> =>
  openwireClient(broker, name, true);

async function openwireClient(
  broker: LargeBroker,
  name: string,
  inTransaction: boolean,
): Promise<LargeClient> {
  const client = await broker.openwire(`ID:${name}`);
  const destination = queue(name);
  return {
    publish: async (body) => {
      const transactionId: TransactionId | undefined = inTransaction
        ? {
            type: types.XaTransactionId,
            formatId: 1,
            globalTransactionId: Buffer.from(body.subarray(0, 16)),
            branchQualifier: Buffer.of(1),
          }
        : undefined;
      const perform = async (action: number) => {
        if (inTransaction) await client.ask(transactionInfo({ transactionId, action }));
      };
      await perform(actions.begin);
      await client.send(client.message(destination, body.toString(), transactionId));
      await perform(actions.prepare);
      await perform(actions.commitTwoPhase);
      await client.caughtUp();
    },
    receive: async (size) => {
      const consumerId = {
        type: types.ConsumerId,
        connectionId: `ID:${name}`,
        sessionId: 1,
        value: 1,
      };
      await client.send(consumerInfo({ consumerId, destination, prefetchSize: 10 }));
      await until('it has come', () => client.dispatchCount > 0, answerMs);
      const content = client.dispatches[0]?.message?.content;
      await client.acknowledge(1);
      // A text has its length before it.
      return content?.subarray(content.length - size) ?? Buffer.alloc(0);
    },
    close: () => client.cut(),
  };
}

/** The protocols with which messages are sent and received. */
export const largeProtocols: readonly LargeProtocol[] = [
  { kind: 'rabbitmq', protocol: 'AMQP 0-9-1', open: amqp091 },
  {
    kind: 'rabbitmq',
    protocol: 'STOMP of RabbitMQ',
    open: stomp('stomp-rabbitmq', '/queue/'),
  },
  { kind: 'rabbitmq', protocol: 'MQTT of RabbitMQ', open: mqtt('mqtt-rabbitmq') },
  { kind: 'activemq', protocol: 'AMQP 1.0', open: amqp10('amqp10', 'queue://') },
  { kind: 'activemq', protocol: 'STOMP', open: stomp('stomp', '/queue/') },
  { kind: 'activemq', protocol: 'MQTT', open: mqtt('mqtt') },
  { kind: 'activemq', protocol: 'OpenWire', open: openwire },
  {
    kind: 'rabbitmq',
    protocol: 'STOMP of RabbitMQ in a transaction',
    open: stomp('stomp-rabbitmq', '/queue/', { inTransaction: true }),
  },
  {
    kind: 'rabbitmq',
    protocol: 'AMQP 0-9-1 in a transaction',
    open: amqp091InTransaction,
  },
  {
    kind: 'activemq',
    protocol: 'STOMP in a transaction',
    open: stomp('stomp', '/queue/', { inTransaction: true }),
  },
  { kind: 'activemq', protocol: 'OpenWire in an XA transaction', mibMax: 60, open: openwireXa },
];
