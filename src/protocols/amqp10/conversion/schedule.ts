// Annotations and application properties that schedule a message.

import {
  type HeaderValue,
  scheduledHeaderNames,
  scheduledHeaders,
  scheduledJobIdHeader,
} from '../../../broker/activemq/scheduling/scheduled-headers.ts';
import { type Entry, type Item, textOf } from '../codec/items.ts';

/** The beginnings of names by which a message that may be scheduled is recognised. */
export const scheduleMarks = {
  annotation: Buffer.from('x-opt-delivery-'),
  property: Buffer.from('AMQ_SCHEDULED_'),
} as const;

/** The message annotations of ActiveMQ, and the header that each stands for. */
const annotationHeaders: ReadonlyMap<string, string> = new Map([
  ['x-opt-delivery-delay', scheduledHeaders.delay],
  ['x-opt-delivery-period', scheduledHeaders.period],
  ['x-opt-delivery-repeat', scheduledHeaders.repeat],
  ['x-opt-delivery-cron', scheduledHeaders.cron],
]);

/** The annotation with the time of delivery, in milliseconds since 1970. */
const timeAnnotation = 'x-opt-delivery-time';

/** The maps of a message that may schedule it. */
export interface ScheduleRequest {
  readonly annotations: readonly Entry[];
  readonly properties: readonly Entry[];
}

/** Returns the values of the headers that schedule a message, by their names. */
export function scheduleValues(
  { annotations, properties }: ScheduleRequest,
  nowMs: number,
): ReadonlyMap<string, HeaderValue> {
  const found = new Map<string, HeaderValue>();
  for (const [key, value] of properties) {
    const name = textOf(key) ?? '';
    if (scheduledHeaderNames.has(name) || name === scheduledJobIdHeader)
      found.set(name, plain(value));
  }
  for (const [key, value] of annotations) {
    const name = textOf(key) ?? '';
    const header = annotationHeaders.get(name);
    if (header !== undefined) found.set(header, plain(value));
    else if (name === timeAnnotation) {
      const delayMs = Number(plain(value)) - nowMs;
      found.set(scheduledHeaders.delay, Number.isNaN(delayMs) ? 'no time' : Math.max(0, delayMs));
    }
  }
  return found;
}

function plain({ value }: Item): HeaderValue {
  return typeof value === 'number' || typeof value === 'bigint' ? value : String(value);
}

/** Whether a message annotation schedules its message. */
export function isScheduleAnnotation([key]: Entry): boolean {
  const name = textOf(key) ?? '';
  return annotationHeaders.has(name) || name === timeAnnotation;
}
