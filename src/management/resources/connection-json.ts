// Connections and channels in JSON.

import type { Broker } from '../../broker/broker.ts';
import type {
  ChannelDetails,
  ClientConnection,
  ConnectionDetails,
} from '../../broker/client-connection.ts';
import { argumentsToJson } from '../json/arguments.ts';
import type { JsonObject, JsonValue } from '../json/read.ts';
import { nodeName } from '../management.ts';
import { detailsOf } from '../rates/options.ts';
import type { Rates } from '../rates/rates.ts';
import type { Span } from '../rates/series.ts';

/** The name of a connection: both of its addresses. */
export function connectionName({ peerAddress = '', localAddress = '' }: ClientConnection): string {
  return `${peerAddress} -> ${localAddress}`;
}

/** Hosts and ports of both ends. */
export interface Addresses {
  readonly host: string;
  readonly port: number;
  readonly peer_host: string;
  readonly peer_port: number;
}

/** The addresses of a connection. */
export function addressesOf({ peerAddress, localAddress }: ClientConnection): Addresses {
  const [host, port] = split(localAddress ?? '');
  const [peerHost, peerPort] = split(peerAddress ?? '');
  return { host, port, peer_host: peerHost, peer_port: peerPort };
}

function split(address: string): [host: string, port: number] {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, Math.max(0, colon)).replace(/^::ffff:/, '');
  return [host, Number(address.slice(colon + 1)) || 0];
}

/** The state of a connection: blocked ones wait for memory or disk space. */
function stateOf(broker: Broker, details: ConnectionDetails | undefined): string {
  if (details?.isPublisher !== true) return 'running';
  if (broker.flow.blockedReason !== undefined) return 'blocked';
  return broker.flow.isPaused ? 'flow' : 'running';
}

/** Writes a connection. */
export function connectionToJson(
  connection: ClientConnection,
  broker: Broker,
  rates: Rates,
  span?: Span,
): JsonObject {
  const details = connection.details?.();
  const { access } = connection;
  const series = rates.ofConnection(connection);
  const { host, port, peer_host, peer_port } = addressesOf(connection);
  const properties = argumentsToJson(details?.clientProperties ?? {});
  const userProvidedName = properties['connection_name'];
  return {
    auth_mechanism: details?.mechanism ?? '',
    channel_max: details?.channelMax ?? 0,
    channels: connection.channelCount,
    client_properties: properties,
    connected_at: details?.connectedAtMs ?? 0,
    frame_max: details?.frameMax ?? 0,
    garbage_collection: {},
    host,
    name: connectionName(connection),
    node: nodeName,
    peer_cert_issuer: null,
    peer_cert_subject: null,
    peer_cert_validity: null,
    peer_host,
    peer_port,
    port,
    protocol: details?.protocol ?? '',
    recv_cnt: 0,
    recv_oct: details?.receivedBytes ?? 0,
    recv_oct_details: detailsOf(series, 0, span, true),
    reductions: 0,
    reductions_details: { rate: 0 },
    send_cnt: 0,
    send_oct: details?.sentBytes ?? 0,
    send_oct_details: detailsOf(series, 1, span, true),
    send_pend: 0,
    ssl: details !== undefined && details.tlsVersion !== '',
    ssl_cipher: null,
    ssl_hash: null,
    ssl_key_exchange: null,
    ssl_protocol: sslProtocol(details?.tlsVersion),
    state: stateOf(broker, details),
    timeout: details?.heartbeatSeconds ?? 0,
    type: 'network',
    user: access.user,
    ...(userProvidedName !== undefined && { user_provided_name: userProvidedName }),
    user_who_performed_action: access.user,
    vhost: access.vhost,
  };
}

/** `TLSv1.3` is `tlsv1.3` in RabbitMQ. */
function sslProtocol(version: string | undefined): JsonValue {
  return version === undefined || version === '' ? null : version.toLowerCase();
}

/** The properties of a connection without statistics. */
export function plainConnection(connection: ClientConnection): JsonObject {
  const { access } = connection;
  const details = connection.details?.();
  return {
    name: connectionName(connection),
    node: nodeName,
    protocol: details?.protocol ?? '',
    user: access.user,
    vhost: access.vhost,
  };
}

/** A channel with its connection. */
export interface ChannelPlace {
  readonly connection: ClientConnection;
  readonly channel: ChannelDetails;
}

/** The name of a channel. */
export function channelName({ connection, channel }: ChannelPlace): string {
  return `${connectionName(connection)} (${channel.number})`;
}

/** Writes a channel. */
export function channelToJson(place: ChannelPlace, broker: Broker): JsonObject {
  const { connection, channel } = place;
  const { access } = connection;
  const { peer_host, peer_port } = addressesOf(connection);
  return {
    acks_uncommitted: 0,
    confirm: channel.confirms,
    connection_details: { name: connectionName(connection), peer_host, peer_port },
    consumer_count: channel.consumerCount,
    garbage_collection: {},
    global_prefetch_count: channel.globalPrefetch,
    messages_unacknowledged: channel.unsettledCount,
    messages_uncommitted: 0,
    messages_unconfirmed: 0,
    name: channelName(place),
    node: nodeName,
    number: channel.number,
    pending_raft_commands: 0,
    prefetch_count: channel.prefetch,
    reductions: 0,
    reductions_details: { rate: 0 },
    state: stateOf(broker, connection.details?.()) === 'flow' ? 'flow' : 'running',
    transactional: channel.isTransactional,
    user: access.user,
    user_who_performed_action: access.user,
    vhost: access.vhost,
  };
}
