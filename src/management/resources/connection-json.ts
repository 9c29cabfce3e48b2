// Connections, channels and consumers in JSON.

import type { Broker } from '../../broker/broker.ts';
import type {
  ChannelInfo,
  ConnectionInfo,
  ConsumerInfo,
  JsonObject,
  LinkInfo,
  SessionInfo,
} from '../../broker/rabbitmq/model.ts';
import { nodeName } from '../management.ts';
import { channelCounters, messageStats } from '../rates/message-stats.ts';
import { detailsOf } from '../rates/options.ts';
import type { Series, Span } from '../rates/series.ts';

/**
 * Writes a connection.
 *
 * @param series the bytes received and sent
 */
export function connectionToJson(
  info: ConnectionInfo,
  series: Series | undefined,
  span?: Span,
): JsonObject {
  const { userProvidedName } = info;
  return {
    auth_mechanism: info.authMechanism,
    channel_max: info.channelMax,
    channels: info.channelCount,
    client_properties: info.clientProperties,
    connected_at: info.connectedAtMs,
    frame_max: info.frameMax,
    garbage_collection: {},
    host: info.host,
    ...plainConnection(info),
    peer_cert_issuer: null,
    peer_cert_subject: null,
    peer_cert_validity: null,
    peer_host: info.peerHost,
    peer_port: info.peerPort,
    port: info.port,
    recv_cnt: 0,
    recv_oct: info.receivedBytes,
    recv_oct_details: detailsOf(series, 0, span, true),
    reductions: 0,
    reductions_details: { rate: 0 },
    send_cnt: 0,
    send_oct: info.sentBytes,
    send_oct_details: detailsOf(series, 1, span, true),
    send_pend: 0,
    ssl: info.tlsVersion !== '',
    ssl_cipher: null,
    ssl_hash: null,
    ssl_key_exchange: null,
    ssl_protocol: info.tlsVersion === '' ? null : info.tlsVersion.toLowerCase(),
    state: info.state,
    timeout: info.heartbeatSeconds,
    type: 'network',
    ...(userProvidedName !== undefined && { user_provided_name: userProvidedName }),
    user_who_performed_action: info.user,
  };
}

/** The properties of a connection without statistics. */
export function plainConnection(info: ConnectionInfo): JsonObject {
  const { name, protocol, user, vhost } = info;
  return { name, node: nodeName, protocol, user, vhost };
}

/** Writes a channel. */
export function channelToJson(info: ChannelInfo): JsonObject {
  const { connection } = info;
  return {
    acks_uncommitted: info.uncommittedAckCount,
    confirm: info.isConfirming,
    connection_details: {
      name: connection.name,
      peer_host: connection.peerHost,
      peer_port: connection.peerPort,
    },
    consumer_count: info.consumerCount,
    garbage_collection: {},
    global_prefetch_count: info.globalPrefetchCount,
    messages_unacknowledged: info.unacknowledgedCount,
    messages_uncommitted: info.uncommittedCount,
    messages_unconfirmed: info.unconfirmedCount,
    name: info.name,
    node: nodeName,
    number: info.number,
    pending_raft_commands: 0,
    prefetch_count: info.prefetchCount,
    reductions: 0,
    reductions_details: { rate: 0 },
    state: info.state,
    transactional: info.isTransactional,
    user: info.user,
    user_who_performed_action: info.user,
    vhost: info.vhost,
    ...channelStats(info),
  };
}

/** The counters of a channel. As in RabbitMQ, they are missing until there was a message. */
function channelStats(info: ChannelInfo): JsonObject {
  const { publishedCount, confirmedCount, deliveredCount, acknowledgedCount } = info;
  if (publishedCount + deliveredCount === 0) return {};
  const deliver = { count: deliveredCount };
  const counts = {
    ack: { count: acknowledgedCount },
    confirm: { count: confirmedCount },
    deliver,
    deliver_get: deliver,
    publish: { count: publishedCount },
  };
  return { message_stats: messageStats(channelCounters, counts) };
}

/** Writes a consumer. */
export function consumerToJson(broker: Broker, info: ConsumerInfo): JsonObject {
  const queue = broker.vhosts.get(info.vhost)?.queues.get(info.queue);
  const timeoutMs = queue?.settings.consumerTimeoutMs ?? broker.limits.consumerTimeoutMs;
  return {
    arguments: info.arguments,
    ack_required: info.isAcknowledged,
    active: info.isActive,
    activity_status: info.isActive ? 'up' : 'waiting',
    channel_details: {
      connection_name: info.connectionName,
      name: info.channelName,
      node: nodeName,
      number: info.channelNumber,
      peer_host: info.peerHost,
      peer_port: info.peerPort,
      user: info.user,
    },
    consumer_tag: info.tag,
    consumer_timeout: Number.isFinite(timeoutMs) ? timeoutMs : 'undefined',
    exclusive: info.isExclusive,
    prefetch_count: info.prefetchCount,
    queue: { name: info.queue, vhost: info.vhost },
  };
}

/** Writes a session of AMQP 1.0. */
export function sessionToJson(info: SessionInfo): JsonObject {
  return {
    channel_number: info.number,
    handle_max: info.handleMax,
    next_incoming_id: info.nextIncomingId,
    incoming_window: info.incomingWindow,
    next_outgoing_id: info.nextOutgoingId,
    remote_incoming_window: info.peerIncomingWindow,
    remote_outgoing_window: info.peerOutgoingWindow,
    outgoing_unsettled_deliveries: info.unsettledCount,
    incoming_links: info.incoming.map((link) => ({
      handle: link.handle,
      link_name: link.name,
      snd_settle_mode: modeOf(link.isSettled),
      target_address: link.targetAddress ?? null,
      ...countsOf(link),
    })),
    outgoing_links: info.outgoing.map((link) => ({
      handle: link.handle,
      link_name: link.name,
      source_address: link.sourceAddress,
      queue_name: link.queue,
      send_settled: link.isSettled === true,
      ...countsOf(link),
      filter: [],
      consumer_timeout: false,
    })),
  };
}

function modeOf(isSettled: boolean | undefined): string {
  if (isSettled === undefined) return 'mixed';
  return isSettled ? 'settled' : 'unsettled';
}

function countsOf({ bytesMax, deliveryCount, credit }: LinkInfo): JsonObject {
  const max = bytesMax === Infinity ? 'unlimited' : bytesMax;
  return { max_message_size: max, delivery_count: deliveryCount, credit };
}
