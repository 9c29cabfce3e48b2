// The counters of messages in RabbitMQ's form.

import type { JsonObject, JsonValue } from '../../broker/rabbitmq/model.ts';
import { detailsOf } from './options.ts';
import type { Series, Span } from './series.ts';

/** The counters of queues. Those that are not counted here are 0. */
export const queueCounters = [
  'ack',
  'deliver',
  'deliver_get',
  'deliver_no_ack',
  'get',
  'get_empty',
  'get_no_ack',
  'publish',
  'redeliver',
] as const;

/** The counters of channels and virtual hosts. */
export const channelCounters = [
  ...queueCounters,
  'confirm',
  'drop_unroutable',
  'return_unroutable',
] as const;

/** The counters of the broker. */
export const brokerCounters = [...channelCounters, 'disk_reads', 'disk_writes'] as const;

/** A counter with the index of its samples. */
export interface Counted {
  readonly count: number;
  /** Undefined if it is not sampled. */
  readonly index?: number;
}

/** The known counters by name. */
export type Counts = Partial<Record<(typeof brokerCounters)[number], Counted>>;

/** Writes counters with their rates, and with histories if a span is given. */
export function messageStats(
  names: readonly (keyof Counts)[],
  counts: Counts,
  series?: Series,
  span?: Span,
): JsonObject {
  const none = zeroDetails(series, span);
  const written: Record<string, JsonValue> = {};
  for (const name of names) {
    const { count = 0, index } = counts[name] ?? {};
    written[name] = count;
    written[`${name}_details`] = index === undefined ? none : detailsOf(series, index, span, true);
  }
  return written;
}

/** The details of a value that is always 0, at the times of the samples. */
export function zeroDetails(series: Series | undefined, span: Span | undefined): JsonObject {
  const { samples } = detailsOf(series, 0, span, true);
  if (!Array.isArray(samples)) return { rate: 0 };
  const times: readonly { readonly timestamp: number }[] = samples; // see Series.details
  return {
    avg: 0,
    avg_rate: 0,
    rate: 0,
    samples: times.map(({ timestamp }) => ({ sample: 0, timestamp })),
  };
}
