// What administration reads of a connection.

import { Reader, Writer } from '../../base/bytes.ts';
import { type Arguments, noArguments } from '../../broker/arguments.ts';
import type { ConnectionInspector } from '../../broker/client-connection.ts';
import { argumentsToJson } from '../../broker/rabbitmq/argument-json.ts';
import type { ChannelInfo, ConnectionInfo, ConsumerInfo } from '../../broker/rabbitmq/model.ts';
import type { Transport } from '../protocol.ts';
import type { Channel } from './channel.ts';
import { type FieldTable, readTable, writeTable } from './codec/tables.ts';
import type { AmqpConnection } from './connection.ts';
import type { ChannelConsumer } from './consumer.ts';

/** Maximum size of the properties of a client that are kept, bytes. */
const keptBytesMax = 4096;

const scratch = new Writer(1024);

/** What a client stated about itself. It is kept encoded, which takes a tenth of the memory. */
export class ClientIdentity {
  readonly mechanism: string;
  readonly connectedAtMs: number;
  readonly #properties: Buffer | undefined;

  constructor(mechanism: string, properties: FieldTable, connectedAtMs: number) {
    this.mechanism = mechanism;
    this.connectedAtMs = connectedAtMs;
    scratch.at = 0;
    writeTable(scratch, properties);
    const isKept = scratch.at <= keptBytesMax;
    this.#properties = isKept ? Buffer.from(scratch.bytes.subarray(0, scratch.at)) : undefined;
  }

  /** Empty if the client stated more than is kept. */
  get properties(): Arguments {
    if (this.#properties === undefined) return noArguments;
    return readTable(new Reader(this.#properties));
  }
}

/** The parts of a connection that it does not show to others. */
export interface ConnectionParts {
  readonly transport: Transport;
  /** Undefined before the log-in. */
  readonly identity: ClientIdentity | undefined;
  readonly channels: readonly (Channel | undefined)[];
  readonly channelMax: number;
  readonly heartbeatMs: number;
}

/** Describes a connection, its channels and its consumers. Created when somebody asks. */
export class AmqpInspector implements ConnectionInspector {
  readonly #connection: AmqpConnection;
  readonly #parts: ConnectionParts;

  constructor(connection: AmqpConnection, parts: ConnectionParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  get name(): string {
    const { peerAddress, localAddress } = this.#connection;
    return `${peerAddress} -> ${localAddress}`;
  }

  info(): ConnectionInfo {
    const { access, peerAddress, localAddress, frameMax, channelCount } = this.#connection;
    const { transport, identity, channelMax, heartbeatMs } = this.#parts;
    const properties = () => identity?.properties ?? noArguments;
    const [peerHost, peerPort] = splitAddress(peerAddress);
    const [host, port] = splitAddress(localAddress);
    return {
      name: this.name,
      // Decoded when they are read: most readers do not need them.
      get userProvidedName() {
        const { connection_name: given } = properties();
        return given?.type === 'longstr' ? String(given.value) : undefined;
      },
      user: access.user,
      vhost: access.vhost,
      protocol: 'AMQP 0-9-1',
      connectedAtMs: identity?.connectedAtMs ?? 0,
      peerHost,
      peerPort,
      host,
      port,
      authMechanism: identity?.mechanism ?? '',
      tlsVersion: transport.tlsVersion,
      get clientProperties() {
        return argumentsToJson(properties());
      },
      channelMax,
      frameMax,
      heartbeatSeconds: heartbeatMs / 1000,
      channelCount,
      state: this.#state,
      receivedBytes: transport.traffic?.receivedBytes ?? 0,
      sentBytes: transport.traffic?.sentBytes ?? 0,
    };
  }

  /** Only publishers wait for memory, disk space or the log. */
  get #state(): ConnectionInfo['state'] {
    const { flow } = this.#connection.broker;
    if (!flow.has(this.#connection)) return 'running';
    if (flow.blockedReason !== undefined) return 'blocked';
    return flow.isPaused ? 'flow' : 'running';
  }

  *channels(): Generator<ChannelInfo> {
    const connection = this.info();
    for (const channel of this.#open()) yield infoOf(channel, connection);
  }

  *consumers(): Generator<ConsumerInfo> {
    const [peerHost, peerPort] = splitAddress(this.#connection.peerAddress);
    const place = { connectionName: this.name, peerHost, peerPort };
    for (const channel of this.#open()) {
      const { number, access } = channel;
      const of = { channelName: `${this.name} (${number})`, channelNumber: number };
      for (const consumer of channel.consumers.values()) {
        const described = describeConsumer(consumer);
        if (described === undefined) continue;
        yield { ...described, ...place, ...of, user: access.user, vhost: access.vhost };
      }
    }
  }

  *#open(): Generator<Channel> {
    for (const channel of this.#parts.channels) if (channel?.state === 'open') yield channel;
  }
}

function infoOf(channel: Channel, connection: ConnectionInfo): ChannelInfo {
  const { number, tags, confirms } = channel;
  const delivered = tags.lastTag;
  const published = confirms?.takenCount ?? 0;
  return {
    name: `${connection.name} (${number})`,
    number,
    connection,
    user: connection.user,
    vhost: connection.vhost,
    prefetchCount: finite(channel.prefetch),
    globalPrefetchCount: finite(channel.pool.limit),
    isConfirming: confirms !== undefined,
    isTransactional: channel.transaction !== undefined,
    consumerCount: channel.consumers.size,
    unacknowledgedCount: tags.unsettledCount,
    unconfirmedCount: published - (confirms?.answeredCount ?? 0),
    uncommittedCount: 0,
    uncommittedAckCount: 0,
    state: connection.state === 'flow' ? 'flow' : 'running',
    publishedCount: published,
    confirmedCount: confirms?.answeredCount ?? 0,
    deliveredCount: delivered,
    acknowledgedCount: delivered - tags.unsettledCount,
  };
}

type ConsumerPart = Pick<
  ConsumerInfo,
  'tag' | 'queue' | 'isAcknowledged' | 'isExclusive' | 'isActive' | 'prefetchCount' | 'arguments'
>;

/** Returns undefined for a consumer of replies, which has no queue. */
function describeConsumer({
  tag,
  subscription,
  arguments: args,
}: ChannelConsumer): ConsumerPart | undefined {
  if (subscription === undefined) return undefined;
  const { queue, options, isActive } = subscription;
  return {
    tag,
    queue: queue.name,
    isAcknowledged: !options.settled,
    isExclusive: options.exclusive,
    isActive,
    prefetchCount: finite(options.prefetch ?? Infinity),
    arguments: argumentsToJson(args),
  };
}

const finite = (count: number): number => (count === Infinity ? 0 : count);

/** Splits an address into host and port. */
function splitAddress(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).replace(/^::ffff:/, '');
  return [host, Number(address.slice(colon + 1)) || 0];
}
