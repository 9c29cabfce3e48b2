// The description of a connection for administration.

import type { Broker } from '../../../broker/broker.ts';
import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import type { PublisherListener } from '../../../broker/flow.ts';
import { argumentsToJson } from '../../../broker/rabbitmq/json-arguments.ts';
import type { ChannelInfo, ConnectionInfo, ConsumerInfo } from '../../../broker/rabbitmq/model.ts';
import type { Subscription } from '../../../broker/subscription.ts';
import type { Access } from '../../../broker/users.ts';
import { endsOf, nameOf } from '../../connection-ends.ts';
import type { Transport } from '../../protocol.ts';
import type { Channel } from '../channel.ts';
import type { Outbox } from '../outbox.ts';
import type { ConnectionFacts } from './connection-facts.ts';

/** A connection, as it is described. */
export interface InspectedConnection extends PublisherListener {
  readonly broker: Broker;
  readonly access: Access;
  readonly facts: ConnectionFacts;
  readonly outbox: Outbox;
  readonly frameMax: number;
  readonly channelCount: number;
}

/** Describes a connection, its channels and its consumers at the moment of the call. */
export class AmqpInspector implements ConnectionInspector {
  readonly #connection: InspectedConnection;
  readonly #transport: Transport;
  readonly #channels: readonly (Channel | undefined)[];

  constructor(
    connection: InspectedConnection,
    transport: Transport,
    channels: readonly (Channel | undefined)[],
  ) {
    this.#connection = connection;
    this.#transport = transport;
    this.#channels = channels;
  }

  get name(): string {
    return nameOf(this.#transport);
  }

  info(): ConnectionInfo {
    const { broker, access, facts, outbox, frameMax, channelCount } = this.#connection;
    return {
      name: this.name,
      userProvidedName: facts.name,
      user: access.user,
      vhost: access.vhost,
      protocol: 'AMQP 0-9-1',
      connectedAtMs: facts.connectedAtMs,
      ...endsOf(this.#transport),
      authMechanism: facts.mechanism,
      clientProperties: facts.clientProperties,
      channelMax: facts.channelMax,
      frameMax,
      heartbeatSeconds: facts.heartbeatSeconds,
      channelCount,
      state: broker.flow.stateOf(this.#connection),
      receivedBytes: facts.receivedBytes,
      sentBytes: outbox.leftBytes,
    };
  }

  *channels(): Generator<ChannelInfo> {
    const connection = this.info();
    for (const channel of [...this.#channels]) {
      if (channel === undefined) continue;
      const { tags, consumers, prefetch, pool, confirms, transaction } = channel;
      const { state: connectionState, user, vhost } = connection;
      yield {
        name: `${connection.name} (${channel.number})`,
        number: channel.number,
        connection,
        user,
        vhost,
        prefetchCount: countOf(prefetch),
        globalPrefetchCount: countOf(pool.limit),
        isConfirming: confirms !== undefined,
        isTransactional: transaction !== undefined,
        consumerCount: consumers.size,
        unacknowledgedCount: tags.unsettledCount,
        unconfirmedCount: confirms?.pendingCount ?? 0,
        uncommittedCount: transaction?.publishCount ?? 0,
        uncommittedAckCount: transaction?.settlementCount ?? 0,
        state: connectionState === 'running' ? 'running' : 'flow',
        publishedCount: channel.publishedCount,
        confirmedCount: confirms?.answeredCount ?? 0,
        deliveredCount: tags.lastTag,
        acknowledgedCount: tags.lastTag - tags.settledAtOnceCount - tags.unsettledCount,
      };
    }
  }

  *consumers(): Generator<ConsumerInfo> {
    const connectionName = this.name;
    const { access } = this.#connection;
    const { peerHost, peerPort } = endsOf(this.#transport);
    for (const channel of [...this.#channels]) {
      if (channel === undefined) continue;
      for (const consumer of channel.consumers.values()) {
        const { subscription } = consumer;
        if (subscription === undefined) continue;
        const { queue, options } = subscription;
        yield {
          tag: consumer.tag,
          vhost: access.vhost,
          queue: queue.name,
          channelName: `${connectionName} (${channel.number})`,
          channelNumber: channel.number,
          connectionName,
          peerHost,
          peerPort,
          user: access.user,
          isAcknowledged: !consumer.isSettled,
          isExclusive: options.exclusive,
          isActive: isActive(subscription),
          prefetchCount: countOf(options.prefetch ?? Infinity),
          arguments: argumentsToJson(consumer.arguments),
        };
      }
    }
  }
}

/** Whether a consumer receives messages, or waits for the single active one. */
function isActive({ queue, isChosen }: Subscription): boolean {
  return !queue.settings.isSingleActive || isChosen;
}

/** 0 for no limit. */
function countOf(limit: number): number {
  return limit === Infinity ? 0 : limit;
}
