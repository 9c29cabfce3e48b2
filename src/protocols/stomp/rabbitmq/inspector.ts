// The description of a connection for administration.

import type { ConnectionInspector } from '../../../broker/client-connection.ts';
import type { ChannelInfo, ConnectionInfo, ConsumerInfo } from '../../../broker/rabbitmq/model.ts';
import { endsOf, nameOf } from '../../connection-ends.ts';
import type { Transport } from '../../protocol.ts';
import type { RabbitMqConnection } from './dialect.ts';

/** A connection has one channel. */
const channelNumber = 1;

/** Describes a connection, its channel and its consumers at the moment of the call. */
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

  get #channelName(): string {
    return `${this.name} (${channelNumber})`;
  }

  info(): ConnectionInfo {
    const own = this.#own;
    const { host, access } = own;
    return {
      name: this.name,
      userProvidedName: undefined,
      user: access.user,
      vhost: access.vhost,
      protocol: `STOMP ${host.version}`,
      connectedAtMs: own.connectedAtMs,
      ...endsOf(this.#transport),
      authMechanism: own.usesCertificate ? 'ssl' : 'stomp_headers',
      clientProperties: { product: 'STOMP client' },
      channelMax: 1,
      frameMax: 0,
      heartbeatSeconds: own.expectMs / 1000,
      channelCount: 1,
      state: own.broker.flow.stateOf(host),
      receivedBytes: host.receivedBytes,
      sentBytes: host.outbox.leftBytes,
    };
  }

  *channels(): Generator<ChannelInfo> {
    const { access, subscriptions, transactions, isConfirming, receivedCount } = this.#own;
    const connection = this.info();
    let [uncommittedCount, uncommittedAckCount] = [0, 0];
    for (const { publishCount, settlementCount } of transactions.all) {
      uncommittedCount += publishCount;
      uncommittedAckCount += settlementCount;
    }
    yield {
      name: this.#channelName,
      number: channelNumber,
      connection,
      user: access.user,
      vhost: access.vhost,
      prefetchCount: shownPrefetch(subscriptions.prefetch),
      globalPrefetchCount: 0,
      isConfirming,
      isTransactional: false,
      consumerCount: subscriptions.count,
      unacknowledgedCount: subscriptions.unsettledCount,
      unconfirmedCount: 0,
      uncommittedCount,
      uncommittedAckCount,
      state: connection.state === 'flow' ? 'flow' : 'running',
      publishedCount: receivedCount,
      confirmedCount: 0,
      deliveredCount: subscriptions.deliveredCount,
      acknowledgedCount: subscriptions.acknowledgedCount,
    };
  }

  *consumers(): Generator<ConsumerInfo> {
    const { access, subscriptions } = this.#own;
    const { peerHost, peerPort } = endsOf(this.#transport);
    for (const subscription of [...subscriptions.all]) {
      const { queue, terms, isSettled, isActive } = subscription;
      const { priority, prefetch } = subscription.subscription.options;
      yield {
        tag: terms.tag,
        vhost: access.vhost,
        queue: queue.name,
        channelName: this.#channelName,
        channelNumber,
        connectionName: this.name,
        peerHost,
        peerPort,
        user: access.user,
        isAcknowledged: !isSettled,
        isExclusive: false,
        isActive,
        prefetchCount: shownPrefetch(prefetch ?? Infinity),
        arguments: priority === 0 ? {} : { 'x-priority': priority },
      };
    }
  }
}

/** 0 for no limit. */
function shownPrefetch(prefetch: number): number {
  return prefetch === Infinity ? 0 : prefetch;
}
