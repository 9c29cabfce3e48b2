// The description of a connection for administration.

import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import type {
  ChannelInfo,
  ConnectionInfo,
  ConsumerInfo,
  JsonObject,
  JsonValue,
  SessionInfo,
} from '../../../broker/rabbitmq/model.ts';
import { endsOf, nameOf } from '../../connection-ends.ts';
import type { Transport } from '../../protocol.ts';
import { type Entry, type Item, textOf } from '../codec/items.ts';
import { channelMax } from '../limits.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { ConsumingLink } from './links/consuming-link.ts';
import { shownSession } from './shown-sessions.ts';

/** Describes a connection and its consumers at the moment of the call. */
export class Inspector implements ConnectionInspector {
  readonly #own: RabbitMqConnection;
  readonly #transport: Transport;

  constructor(own: RabbitMqConnection, transport: Transport) {
    this.#own = own;
    this.#transport = transport;
  }

  get name(): string {
    return nameOf(this.#transport);
  }

  info(): ConnectionInfo {
    const own = this.#own;
    const { host, access } = own;
    return {
      name: this.name,
      userProvidedName: host.clientId,
      user: access.user,
      vhost: access.vhost,
      protocol: 'AMQP 1-0',
      connectedAtMs: own.connectedAtMs,
      ...endsOf(this.#transport),
      authMechanism: own.mechanism,
      clientProperties: own.clientProperties,
      channelMax,
      frameMax: own.frameBytesMax,
      heartbeatSeconds: 60,
      channelCount: [...host.sessions].length,
      state: host.broker.flow.stateOf(host),
      receivedBytes: host.receivedBytes,
      sentBytes: host.outbox.leftBytes,
    };
  }

  /** Sessions are not channels. */
  channels(): Iterable<ChannelInfo> {
    return [];
  }

  *sessions(): Generator<SessionInfo> {
    for (const session of [...this.#own.host.sessions]) {
      if (!session.isOver) yield shownSession(session);
    }
  }

  *consumers(): Generator<ConsumerInfo> {
    const connectionName = this.name;
    const { host, access } = this.#own;
    const { peerHost, peerPort } = endsOf(this.#transport);
    for (const session of [...host.sessions]) {
      for (const link of [...session.links]) {
        if (!(link instanceof ConsumingLink) || link.isOver) continue;
        yield {
          tag: String(link.handle),
          vhost: access.vhost,
          queue: link.queue.name,
          channelName: `${connectionName} (${session.channel})`,
          channelNumber: session.channel,
          connectionName,
          peerHost,
          peerPort,
          user: access.user,
          isAcknowledged: !link.isSettled,
          isExclusive: false,
          isActive: link.isActive,
          prefetchCount: 0,
          arguments: link.priority === 0 ? {} : { 'x-priority': link.priority },
        };
      }
    }
  }
}

/** Maximum size of the properties of a client that are shown, as JSON, in characters. */
const propertiesLengthMax = 4096;

/** The properties of a client, as administration shows them; empty if they are large. */
export function shownProperties(entries: readonly Entry[]): JsonObject {
  const properties = objectOf(entries);
  return JSON.stringify(properties).length > propertiesLengthMax ? {} : properties;
}

/** Maximum nesting of values that are shown. */
const depthMax = 4;

function objectOf(entries: readonly Entry[], depth = 0): JsonObject {
  const fields = entries.flatMap(([key, value]): [string, JsonValue][] => {
    const name = textOf(key);
    return name === undefined ? [] : [[name, jsonOf(value, depth + 1)]];
  });
  return Object.fromEntries(fields);
}

function jsonOf(item: Item, depth: number): JsonValue {
  switch (item.type) {
    case 'null':
      return null;
    case 'map':
      return depth > depthMax ? {} : objectOf(item.value, depth);
    case 'list':
    case 'array':
      return depth > depthMax ? [] : item.value.map((each) => jsonOf(each, depth + 1));
    case 'described':
      return jsonOf(item.value, depth);
    case 'binary':
      return item.value.toString('base64');
    case 'long':
    case 'ulong':
    case 'timestamp':
      return Number(item.value);
    default:
      return typeof item.value === 'number' && !Number.isFinite(item.value)
        ? String(item.value)
        : item.value;
  }
}
