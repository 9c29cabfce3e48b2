import { createHash, timingSafeEqual } from 'node:crypto';
import type { Exposition } from '../api/status/service.ts';
import { RequestError } from '../aws/errors.ts';
import type { MetricsJson } from '../base/metrics.ts';
import type { Secret } from '../base/secret.ts';
import { anonymous, type Caller } from '../calls/caller.ts';
import type { Control } from '../control/control.ts';
import type { Door } from '../net/door.ts';

/** Whose metrics are shown, and the token for them. */
export interface MetricsParts {
  readonly control: Control;
  /** Of the API's port. */
  readonly door: Pick<Door, 'strangerCount' | 'closed'>;
  /** Requests refused before their sender was known, by reason. */
  readonly refusals: ReadonlyMap<string, number>;
}

/** Measures all that the service and its brokers tell of themselves. */
export async function measured(parts: MetricsParts): Promise<Exposition> {
  // Loaded by the first who asks: a start has no time for it.
  const { exposition, Metrics } = await import('../base/metrics.ts');
  const own = new Metrics({});
  addOwn(own, parts.control);
  addDoor(own, parts);
  const all: MetricsJson[] = [await own.json(), ...(await parts.control.engines.metrics())];
  return exposition(all);
}

/** Who scrapes the metrics. */
const scraper: Caller = { ...anonymous, type: 'service', arn: 'metrics', principalId: 'metrics' };

/**
 * The caller who holds a bearer token.
 *
 * @param wanted the token that a scraper must show
 * @throws {RequestError} `wrong-token`
 */
export function tokenHolder(wanted: Secret<string>, token: string | undefined): Caller {
  // Hashes are compared, so that neither length nor content shows in the time it takes.
  const hash = (text: string) => createHash('sha256').update(text).digest();
  if (timingSafeEqual(hash(token ?? ''), hash(wanted.reveal()))) return scraper;
  const text = 'A bearer token is needed: WAXWING_METRICS_TOKEN, as `waxwing env` prints it.';
  throw new RequestError('wrong-token', text);
}

function addDoor(
  metrics: InstanceType<typeof import('../base/metrics.ts').Metrics>,
  { door, refusals }: MetricsParts,
): void {
  metrics.add({
    name: 'waxwing_api_strangers',
    help: 'Connections to the API on which nobody has shown who it is.',
    type: 'gauge',
    measure: () => [[door.strangerCount, {}]],
  });
  metrics.add({
    name: 'waxwing_api_strangers_closed_total',
    help: 'Such connections that were closed, by reason.',
    type: 'counter',
    measure: () => Object.entries(door.closed).map(([reason, count]) => [count, { reason }]),
  });
  metrics.add({
    name: 'waxwing_api_refusals_total',
    help: 'Calls refused before it was known who made them, by reason.',
    type: 'counter',
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
    measure: () => [[process.memoryUsage.rss(), {}]],
  });
  metrics.add({
    name: 'waxwing_broker_state',
    help: '1 for the state that the broker is in.',
    type: 'gauge',
    measure: () => [...brokers.all()].map(({ name, state }) => [1, { broker: name, state }]),
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
}
