// The overview: /api/overview, and what the API tells about itself.

import { exchangeTypes } from '../../broker/exchanges/types/registry.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers.ts';
import { badRequest } from '../errors.ts';
import { objectAnswer } from '../listing/list.ts';
import { type Management, nodeName } from '../management.ts';
import { brokerCounters, messageStats, zeroDetails } from '../rates/message-stats.ts';
import { detailsOf, readSpan } from '../rates/options.ts';
import { QueueTotals, totalValues } from '../rates/rates.ts';
import type { Series, Span } from '../rates/series.ts';
import type { ApiRequest } from '../request.ts';
import { hasRole } from '../roles.ts';
import { inSlices, itemsPerStep } from '../slices.ts';
import { clusterNameOf } from './parameters.ts';

const descriptions: Readonly<Record<string, string>> = {
  direct: 'AMQP direct exchange, as per the AMQP specification',
  fanout: 'AMQP fanout exchange, as per the AMQP specification',
  topic: 'AMQP topic exchange, as per the AMQP specification',
  headers: 'AMQP headers exchange, as per the AMQP specification',
  'x-delayed-message': 'Delayed Message Exchange',
};

/** Statistics are sampled for ten minutes at most. */
const retention = { global: [600], basic: [600], detailed: [600] };

/** The series that the answer to a request contains, and the histories that it asks for. */
interface Statistics {
  readonly series: Series | undefined;
  readonly rates: Span | undefined;
  readonly lengths: Span | undefined;
}

/** `GET /api/overview` */
export async function getOverview(request: ApiRequest): Promise<Answer> {
  const { management } = request;
  const isDisabled = request.isSet('disable_stats');
  if (!isDisabled) management.rates.ask();
  const totals = await inSlices(request.background, sumsOf(request));
  const isMonitor = hasRole(request.user, 'monitoring');
  const statistics = {
    series: isMonitor ? management.rates.total : undefined,
    rates: readSpan(request, 'msg_rates'),
    lengths: readSpan(request, 'lengths'),
  };
  return objectAnswer(request, {
    ...description(management, isDisabled),
    ...(!isDisabled && {
      churn_rates: churn(management, statistics),
      message_stats: isMonitor ? statsOf(management, totals, statistics) : {},
      queue_totals: queueTotals(totals, statistics),
      statistics_db_event_queue: 0,
    }),
    object_totals: objectTotals(request, totals),
    node: nodeName,
    ...(isMonitor && { listeners: listenersOf(management), contexts: contextsOf(management) }),
  });
}

/** The sums over the queues that the user sees. */
function* sumsOf(request: ApiRequest): Generator<void, QueueTotals> {
  const totals = new QueueTotals();
  for (const vhost of request.vhosts()) {
    for (const queue of vhost.queues.values()) {
      totals.add(queue);
      if (totals.queues % itemsPerStep === 0) yield;
    }
  }
  return totals;
}

function description(management: Management, isDisabled: boolean): JsonObject {
  const { version, broker } = management;
  const isVersion4 = !broker.engineVersion.startsWith('3.');
  return {
    management_version: version,
    rates_mode: 'basic',
    sample_retention_policies: retention,
    exchange_types: exchangeTypes
      .filter(({ isReserved }) => isReserved !== true)
      .map(({ name }) => ({ name, description: descriptions[name] ?? '', enabled: true })),
    product_version: version,
    product_name: 'RabbitMQ',
    rabbitmq_version: version,
    cluster_name: clusterNameOf(management),
    cluster_tags: [],
    node_tags: [],
    default_queue_type: isVersion4 ? 'quorum' : 'classic',
    erlang_version: 'none',
    erlang_full_version: `Waxwing on Node.js ${process.version}`,
    release_series_support_status: 'supported',
    disable_stats: isDisabled,
    enable_queue_totals: false,
    is_op_policy_updating_enabled: true,
  };
}

function churn({ broker }: Management, { series, rates }: Statistics): JsonObject {
  const none = zeroDetails(series, rates);
  const names = [
    'channel_closed',
    'channel_created',
    'connection_closed',
    'connection_created',
    'queue_created',
    'queue_declared',
    'queue_deleted',
  ];
  const { size, openedCount, channelCount, openedChannelCount } = broker.clientConnections;
  const counts: Readonly<Record<string, number>> = {
    connection_created: openedCount,
    connection_closed: openedCount - size,
    channel_created: openedChannelCount,
    channel_closed: openedChannelCount - channelCount,
  };
  const entries = names.flatMap((name) => [
    [name, counts[name] ?? 0] as const,
    [`${name}_details`, none] as const,
  ]);
  return Object.fromEntries(entries);
}

function statsOf(
  { broker }: Management,
  totals: QueueTotals,
  { series, rates }: Statistics,
): JsonObject {
  const { counters } = broker;
  const index = (name: (typeof totalValues)[number]) => totalValues.indexOf(name);
  const deliver = { count: counters.delivered + totals.deliver, index: index('deliver') };
  const counts = {
    ack: { count: counters.settled + totals.ack, index: index('ack') },
    confirm: { count: counters.confirmed, index: index('confirm') },
    deliver,
    deliver_get: deliver,
    drop_unroutable: { count: counters.unrouted, index: index('returned') },
    publish: { count: counters.published, index: index('publish') },
  };
  return messageStats(brokerCounters, counts, series, rates);
}

function queueTotals(totals: QueueTotals, { series, lengths }: Statistics): JsonObject {
  const of = (name: (typeof totalValues)[number]) =>
    detailsOf(series, totalValues.indexOf(name), lengths, false);
  return {
    messages: totals.messages,
    messages_details: of('messages'),
    messages_ready: totals.ready,
    messages_ready_details: of('ready'),
    messages_unacknowledged: totals.unacked,
    messages_unacknowledged_details: of('unacked'),
  };
}

function objectTotals(request: ApiRequest, { queues, consumers }: QueueTotals): JsonObject {
  const vhosts = request.vhosts();
  const seen = new Set(vhosts.map(({ name }) => name));
  let connections = 0;
  let channels = 0;
  for (const { access, channelCount } of request.broker.clientConnections) {
    if (!seen.has(access.vhost)) continue;
    connections++;
    channels += channelCount;
  }
  const exchanges = vhosts.reduce((sum, vhost) => sum + vhost.exchanges.size, 0);
  return { channels, connections, consumers, exchanges, queues };
}

function listenersOf({ node }: Management): JsonObject[] {
  return node.listeners().map(({ protocol, address, port }) => ({
    node: nodeName,
    protocol,
    ip_address: address,
    port,
    socket_opts: {},
  }));
}

function contextsOf({ node }: Management): JsonObject[] {
  const own = node.listeners().filter(({ protocol }) => protocol === 'https');
  return own.map(({ port, address }) => ({
    ssl_opts: [],
    ip: address,
    node: nodeName,
    description: 'RabbitMQ Management',
    path: '/',
    cowboy_opts: '[]',
    port: String(port),
    protocol: 'https',
  }));
}

/** `GET /api/whoami` */
export function whoAmI({ user }: ApiRequest): Answer {
  const isInternal = user.rights === undefined;
  return jsonAnswer({ name: user.name, tags: [...user.tags], is_internal_user: isInternal });
}

/** `GET /api/extensions`: the pages of a console, of which there are none. */
export function getExtensions(): Answer {
  return jsonAnswer([]);
}

/** `GET /api/auth`: how a console would log in. */
export function getAuthentication(): Answer {
  return jsonAnswer({ oauth_enabled: false });
}

/** Feature flags of RabbitMQ, all of which are in effect. */
const featureFlags = [
  'classic_mirrored_queue_version',
  'classic_queue_type_delivery_support',
  'direct_exchange_routing_v2',
  'drop_unroutable_metric',
  'empty_basic_get_metric',
  'feature_flags_v2',
  'implicit_default_bindings',
  'listener_records_in_ets',
  'maintenance_mode_status',
  'message_containers',
  'quorum_queue',
  'restart_streams',
  'stream_filtering',
  'stream_queue',
  'stream_sac_coordinator_unblock_group',
  'stream_single_active_consumer',
  'stream_update_config_command',
  'tracking_records_in_ets',
  'user_limits',
  'virtual_host_metadata',
];

/** `GET /api/feature-flags` */
export function listFeatureFlags(): Answer {
  return jsonAnswer(
    featureFlags.map((name) => ({
      name,
      state: 'enabled',
      desc: '',
      doc_url: '',
      stability: 'required',
      provided_by: 'rabbit',
    })),
  );
}

/** `PUT /api/feature-flags/{name}/enable`: all that are known are in effect. */
export function enableFeatureFlag(request: ApiRequest): Answer {
  if (featureFlags.includes(request.label('name'))) return emptyAnswer(204);
  throw badRequest('the feature flag is not supported');
}

/** `GET /api/version`: the release of RabbitMQ whose API this is. */
export function getVersion({ management }: ApiRequest): Answer {
  return jsonAnswer(management.version);
}
