// Descriptions of connections and channels, for administrators.

import { Reader, Writer } from '../../base/bytes.ts';
import { type Arguments, noArguments } from '../../broker/arguments.ts';
import type {
  ChannelDetails,
  ConnectionDetails,
  ConsumerDetails,
} from '../../broker/client-connection.ts';
import type { Transport } from '../protocol.ts';
import type { Channel } from './channel.ts';
import { type FieldTable, readTable, writeTable } from './codec/tables.ts';

/** Maximum size of the properties of a client that are kept, bytes. */
const keptBytesMax = 4096;

const scratch = new Writer(1024);

/** What a client stated about itself. It is kept encoded, which takes a tenth of the memory. */
export class ClientIdentity {
  readonly mechanism: string;
  readonly #properties: Buffer | undefined;

  readonly connectedAtMs: number;

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

/** Describes a connection. */
export function connectionDetails(
  { tlsVersion, traffic }: Transport,
  identity: ClientIdentity | undefined,
  channels: readonly (Channel | undefined)[],
  negotiated: Pick<
    ConnectionDetails,
    'channelMax' | 'frameMax' | 'heartbeatSeconds' | 'isPublisher'
  >,
): ConnectionDetails {
  return {
    protocol: 'AMQP 0-9-1',
    mechanism: identity?.mechanism ?? '',
    get clientProperties() {
      return identity?.properties ?? noArguments;
    },
    connectedAtMs: identity?.connectedAtMs ?? 0,
    tlsVersion,
    receivedBytes: traffic?.receivedBytes ?? 0,
    sentBytes: traffic?.sentBytes ?? 0,
    channels: () => channelDetails(channels),
    ...negotiated,
  };
}

function* channelDetails(
  channels: readonly (Channel | undefined)[],
): Generator<ChannelDetails> {
  for (const channel of channels) if (channel?.state === 'open') yield detailsOf(channel);
}

function detailsOf(channel: Channel): ChannelDetails {
  return {
    number: channel.number,
    confirms: channel.confirms !== undefined,
    isTransactional: channel.transaction !== undefined,
    consumerCount: channel.consumers.size,
    unsettledCount: channel.tags.unsettledCount,
    prefetch: finite(channel.prefetch),
    globalPrefetch: finite(channel.pool.limit),
    consumers: () => consumersOf(channel),
  };
}

function* consumersOf(channel: Channel): Generator<ConsumerDetails> {
  for (const { tag, subscription, arguments: args } of channel.consumers.values()) {
    if (subscription !== undefined) yield { tag, subscription, arguments: args };
  }
}

const finite = (count: number): number => (count === Infinity ? 0 : count);
