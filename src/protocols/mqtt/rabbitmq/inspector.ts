// The description of a connection for administration.

import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import type { ChannelInfo, ConnectionInfo, ConsumerInfo } from '../../../broker/rabbitmq/model.ts';
import { endsOf, nameOf } from '../../connection-ends.ts';
import type { Transport } from '../../protocol.ts';
import type { MqttHost } from '../host.ts';

/** The names of the versions in RabbitMQ. */
const protocols = { 3: 'MQTT 3-1-0', 4: 'MQTT 3-1-1', 5: 'MQTT 5-0' } as const;

/** The tag of the consumers of sessions. */
const consumerTag = 'mqtt';

/** Describes a connection and its consumers at the moment of the call. */
export class Inspector implements ConnectionInspector {
  readonly #host: MqttHost;
  readonly #transport: Transport;
  readonly #connectedAtMs: number;

  constructor(host: MqttHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
    this.#connectedAtMs = host.broker.nowMs();
  }

  get name(): string {
    return nameOf(this.#transport);
  }

  info(): ConnectionInfo {
    const host = this.#host;
    const { access, clientId, keepAliveSeconds } = host;
    return {
      name: this.name,
      userProvidedName: clientId,
      user: access.user,
      vhost: access.vhost,
      protocol: protocols[host.version],
      connectedAtMs: this.#connectedAtMs,
      ...endsOf(this.#transport),
      authMechanism: 'none',
      clientProperties: { client_id: clientId },
      channelMax: 0,
      frameMax: 0,
      heartbeatSeconds: keepAliveSeconds,
      channelCount: 0,
      state: host.broker.flow.stateOf(host),
      receivedBytes: host.receivedBytes,
      sentBytes: host.outbox.leftBytes,
    };
  }

  /** MQTT has no channels. */
  channels(): Iterable<ChannelInfo> {
    return [];
  }

  *consumers(): Generator<ConsumerInfo> {
    const { session, access, inFlightMax } = this.#host;
    const { peerHost, peerPort } = endsOf(this.#transport);
    const { name } = this;
    for (const { queue, isAcknowledged } of session.consumed) {
      yield {
        tag: consumerTag,
        vhost: access.vhost,
        queue: queue.name,
        channelName: name,
        channelNumber: 0,
        connectionName: name,
        peerHost,
        peerPort,
        user: access.user,
        isAcknowledged,
        isExclusive: false,
        isActive: true,
        prefetchCount: inFlightMax,
        arguments: {},
      };
    }
  }
}
