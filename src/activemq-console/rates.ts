// Rates and their histories, as the console shows them.

import { queueValues } from '../management/rates/rates.ts';
import type { Series } from '../management/rates/series.ts';

/** The history that is answered: ten minutes, as many as are kept. */
const span = { ageSeconds: 600, stepSeconds: 5 };

/** The values with ActiveMQ's names. The first two are numbers of messages, the others counters. */
const values = {
  ready: 'ready',
  inFlight: 'unacked',
  enqueue: 'publish',
  dispatch: 'deliver',
  dequeue: 'ack',
} as const;

const gauges: ReadonlySet<string> = new Set(['ready', 'inFlight']);

/** The rates of a queue, messages per second; 0 before the first samples. */
export function ratesOf(series: Series | undefined) {
  const rate = (name: (typeof queueValues)[number]) =>
    Math.max(0, series?.rate(queueValues.indexOf(name)) ?? 0);
  return { enqueueRate: rate('publish'), dispatchRate: rate('deliver'), dequeueRate: rate('ack') };
}

/**
 * The values of a queue, or of all queues, over time: `rate` and `samples`, the newest first, with
 * `sample` and `timestamp` in milliseconds since 1970.
 */
export function historiesOf(series: Series | undefined): object {
  return Object.fromEntries(
    Object.entries(values).map(([name, from]) => {
      const index = queueValues.indexOf(from);
      const { rate = 0, samples = [] } = series?.details(index, span, !gauges.has(name)) ?? {};
      return [name, { rate, samples }];
    }),
  );
}
