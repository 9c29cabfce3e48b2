// The metrics endpoint.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Exposition } from '../api/status/service.ts';
import { RequestError } from '../aws/errors.ts';
import type { MeasuredMetric, MetricsJson } from '../base/metrics.ts';
import type { Secret } from '../base/secret.ts';
import { anonymous, type Caller } from '../calls/caller.ts';
import type { Control } from '../control/control.ts';
import type { Replicator } from '../control/replication/replicator.ts';
import { replicationLag } from '../metrics/definitions.ts';
import type { ConnectionAdmission } from '../net/connection-admission.ts';
import { type HandshakeCounts, tlsVersions } from '../net/handshake-counts.ts';
import type { PublicCertificateSource } from './public/public-certificate.ts';
import type { SharedPorts } from './public/shared-ports.ts';
import type { TrailParts } from './trails/trail-parts.ts';

/** The parts whose metrics are shown, and the token for them. */
export interface MetricsParts {
  readonly control: Control;
  readonly audit: Pick<TrailParts, 'anchor' | 'failureCounts'>;
  /** The admission of the API's port. */
  readonly admission: Pick<ConnectionAdmission, 'unauthenticatedCount' | 'closed'>;
  /** The handshakes of the API's port. */
  readonly handshakes: Pick<HandshakeCounts, 'of'>;
  /** The number of requests refused before authentication, by reason. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly publicCertificates: readonly PublicCertificateSource[];
  /** Undefined if there are none. */
  readonly sharedPorts: Pick<SharedPorts, 'counts'> | undefined;
}

/** Collects the metrics of the service and its brokers. */
export async function measured(parts: MetricsParts): Promise<Exposition> {
  // Loaded at the first request, so that it does not slow down the start.
  const { exposition, Metrics } = await import('../base/metrics.ts');
  const own = new Metrics({});
  addOwn(own, parts.control);
  addAdmission(own, parts);
  addAudit(own, parts.audit);
  addHandshakes(own, parts);
  addPublicCertificates(own, parts);
  addSharedPorts(own, parts);
  const all: MetricsJson[] = [await own.json(), ...(await parts.control.engines.metrics())];
  return exposition(all);
}

/** The caller that reads the metrics. */
const scraper: Caller = { ...anonymous, type: 'service', arn: 'metrics', principalId: 'metrics' };

/**
 * Returns the caller with a bearer token.
 *
 * @param accepted the tokens that are accepted at this time
 * @throws {RequestError} `wrong-token`
 */
export function tokenHolder(
  accepted: readonly Secret<string>[],
  token: string | undefined,
): Caller {
  // Hashes are compared, so that the time reveals neither the length nor the content.
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const given = hash(token ?? '');
  if (accepted.some((each) => timingSafeEqual(given, hash(each.reveal())))) return scraper;
  const text = 'A bearer token is required: WAXWING_METRICS_TOKEN, as printed by `waxwing env`.';
  throw new RequestError('wrong-token', text);
}

function addHandshakes(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { handshakes }: MetricsParts,
): void {
  metrics.add({
    name: 'waxwing_api_tls_handshakes_total',
    help: 'Completed TLS handshakes of the API, by version.',
    type: 'counter',
    measure: () => tlsVersions.map((version) => [handshakes.of(version), { version }]),
  });
}

function addPublicCertificates(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { publicCertificates: sources }: MetricsParts,
): void {
  if (sources.length === 0) return;
  metrics.add({
    name: 'waxwing_public_certificate_expiry_timestamp_seconds',
    help: 'When the certificate for the public names expires; 0 if there is none.',
    type: 'gauge',
    measure: () =>
      sources.map(({ kind, current }) => [(current?.expiresAtMs ?? 0) / 1000, { source: kind }]),
  });
  metrics.add({
    name: 'waxwing_public_certificate_failures_total',
    help: 'Failed attempts to use a new certificate for the public names.',
    type: 'counter',
    measure: () => sources.map(({ kind, failureCount }) => [failureCount, { source: kind }]),
  });
}

function addSharedPorts(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { sharedPorts }: MetricsParts,
): void {
  if (sharedPorts === undefined) return;
  metrics.add({
    name: 'waxwing_shared_port_connections',
    help: 'Open connections of ports that brokers share.',
    type: 'gauge',
    measure: () => [[sharedPorts.counts.connections, {}]],
  });
  metrics.add({
    name: 'waxwing_shared_port_refusals_total',
    help: 'Connections of shared ports that were closed before they reached a broker, by reason.',
    type: 'counter',
    measure: () =>
      Object.entries(sharedPorts.counts.closed).map(([reason, count]) => [count, { reason }]),
  });
}

function addAdmission(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { admission, refusals }: MetricsParts,
): void {
  metrics.add({
    name: 'waxwing_api_unauthenticated_connections',
    help: 'Connections to the API that are not authenticated.',
    type: 'gauge',
    measure: () => [[admission.unauthenticatedCount, {}]],
  });
  metrics.add({
    name: 'waxwing_api_unauthenticated_connections_closed_total',
    help: 'Unauthenticated connections to the API that were closed, by reason.',
    type: 'counter',
    measure: () => Object.entries(admission.closed).map(([reason, count]) => [count, { reason }]),
  });
  metrics.add({
    name: 'waxwing_api_refusals_total',
    help: 'Calls refused before authentication, by reason.',
    type: 'counter',
    measure: () => [...refusals].map(([reason, count]) => [count, { reason }]),
  });
}

function addAudit(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { anchor, failureCounts }: MetricsParts['audit'],
): void {
  metrics.add({
    name: 'waxwing_trail_delivery_failures_total',
    help: 'Failed attempts to deliver files of a trail. They are repeated.',
    type: 'counter',
    measure: () => [...failureCounts].map(([trail, count]) => [count, { trail }]),
  });
  if (anchor === undefined) return;
  metrics.add({
    name: 'waxwing_audit_anchor_failures_total',
    help: 'Failed attempts to post the state of the trail to the anchor. They are repeated.',
    type: 'counter',
    measure: () => [[anchor.failureCount, {}]],
  });
  metrics.add({
    name: 'waxwing_audit_anchor_posted_timestamp_seconds',
    help: 'When the anchor took the state of the trail; 0 if it never did.',
    type: 'gauge',
    measure: () => [[anchor.postedMs / 1000, {}]],
  });
}

function addOwn(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { alarms, brokers, keyChecks, replicator, supervisor }: Control,
): void {
  metrics.add({
    name: 'waxwing_service_memory_bytes',
    help: "Resident memory of the service's own process.",
    type: 'gauge',
    measure: () => [[process.memoryUsage.rss(), {}]],
  });
  metrics.add({
    name: 'waxwing_broker_state',
    help: '1 for the current state of the broker.',
    type: 'gauge',
    measure: () => [...brokers.all()].map(({ name, state }) => [1, { broker: name, state }]),
  });
  metrics.add({
    name: 'waxwing_broker_alarm',
    help: '1 for each present alarm of the broker: memory, disk, confirms, writes, process.',
    type: 'gauge',
    measure: () =>
      [...brokers.all()].flatMap((broker) =>
        alarms.names(broker).map((alarm) => [1, { broker: broker.name, alarm }] as const),
      ),
  });
  metrics.add({
    name: 'waxwing_broker_silences_total',
    help: 'How often the process of the broker stopped answering the service.',
    type: 'counter',
    measure: () =>
      [...brokers.all()].map(({ id, name }) => [supervisor.silenceOf(id).count, { broker: name }]),
  });
  metrics.add({
    name: 'waxwing_key_checks_total',
    help: "Questions whether a broker's key can be used, by answer.",
    type: 'counter',
    measure: () =>
      [...brokers.all()].flatMap(({ id, name }) =>
        keyChecks.of(id).map(([answer, count]) => [count, { broker: name, answer }] as const),
      ),
  });
  metrics.add(lagOf(replicator));
}

/** The metric for the lag of replicas. */
function lagOf(replicator: Replicator): MeasuredMetric {
  return {
    name: replicationLag,
    help: 'By how much the copy of a replica is older than its primary, at most.',
    type: 'gauge',
    measure: () =>
      [...replicator.lags()].flatMap(({ names, lagMs }) =>
        names.map((broker) => [lagMs / 1000, { broker }] as const),
      ),
  };
}

/** What brokers report, and what the service measures of them, for the samples of CloudWatch. */
export async function brokerMetrics({ engines, replicator }: Control): Promise<MetricsJson[]> {
  const { measure, ...lag } = lagOf(replicator);
  const values = [...measure()].map(([value, labels]) => ({ value, labels }));
  return [...(await engines.metrics()), [{ ...lag, aggregator: 'sum', values }]];
}
