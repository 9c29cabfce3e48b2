import { createHash, timingSafeEqual } from 'node:crypto';
import type { HttpResponse } from '../aws/request.ts';
import type { MetricsJson } from '../base/metrics.ts';
import type { Secret } from '../base/secret.ts';
import type { Control } from '../control/control.ts';
import type { Door } from '../net/door.ts';

/** Whose metrics are shown, and the token for them. */
export interface MetricsParts {
  readonly control: Control;
  /** What a scraper must show as a bearer token. */
  readonly token: Secret<string>;
  /** Of the API's port. */
  readonly door: Pick<Door, 'strangerCount' | 'closed'>;
  /** Requests refused before their sender was known, by reason. */
  readonly refusals: ReadonlyMap<string, number>;
}

/**
 * Answers a request for `/metrics` in Prometheus' text format.
 *
 * @param authorization the request's header of that name
 */
export async function answerMetrics(
  parts: MetricsParts,
  authorization: string | undefined,
): Promise<HttpResponse> {
  if (!isAuthorised(parts.token, authorization)) {
    const headers = { 'WWW-Authenticate': 'Bearer', 'Content-Type': 'text/plain' };
    const body = 'A bearer token is needed: WAXWING_METRICS_TOKEN, as `waxwing env` prints it.\n';
    return { status: 401, headers, body };
  }
  // Loaded by the first request, because it would slow a start.
  const { exposition, Metrics } = await import('../base/metrics.ts');
  const own = new Metrics({});
  addOwn(own, parts.control);
  addDoor(own, parts);
  const all: MetricsJson[] = [await own.json(), ...(await parts.control.engines.metrics())];
  const { contentType, text } = await exposition(all);
  return { status: 200, headers: { 'Content-Type': contentType }, body: text };
}

/** Hashes are compared, so that neither length nor content shows in the time it takes. */
function isAuthorised(token: Secret<string>, authorization = ''): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token.reveal()}`));
}

function addDoor(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { door, refusals }: MetricsParts,
): void {
  metrics.add({
    name: 'waxwing_api_strangers',
    help: 'Connections to the API on which nobody has shown who it is.',
    type: 'gauge',
    labelNames: [],
    measure: () => [[door.strangerCount, {}]],
  });
  metrics.add({
    name: 'waxwing_api_strangers_closed_total',
    help: 'Such connections that were closed, by reason.',
    type: 'counter',
    labelNames: ['reason'],
    measure: () => Object.entries(door.closed).map(([reason, count]) => [count, { reason }]),
  });
  metrics.add({
    name: 'waxwing_api_refusals_total',
    help: 'Calls refused before it was known who made them, by reason.',
    type: 'counter',
    labelNames: ['reason'],
    measure: () => [...refusals].map(([reason, count]) => [count, { reason }]),
  });
}

function addOwn(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { brokers, keyChecks }: Control,
): void {
  metrics.add({
    name: 'waxwing_service_memory_bytes',
    help: "Resident memory of the service's own process.",
    type: 'gauge',
    labelNames: [],
    measure: () => [[process.memoryUsage.rss(), {}]],
  });
  metrics.add({
    name: 'waxwing_broker_state',
    help: '1 for the state that the broker is in.',
    type: 'gauge',
    labelNames: ['broker', 'state'],
    measure: () => [...brokers.all()].map(({ name, state }) => [1, { broker: name, state }]),
  });
  metrics.add({
    name: 'waxwing_key_checks_total',
    help: "Questions whether a broker's key can be used, by answer.",
    type: 'counter',
    labelNames: ['broker', 'answer'],
    measure: () =>
      [...brokers.all()].flatMap(({ id, name }) =>
        keyChecks.of(id).map(([answer, count]) => [count, { broker: name, answer }] as const),
      ),
  });
}
