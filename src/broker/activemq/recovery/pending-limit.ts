// Limits of the messages that wait for slow consumers of topics.

import { createHash } from 'node:crypto';
import type { Queue } from '../../queue.ts';
import type { EvictionRule, MessageValue } from '../../queues/eviction.ts';
import type { Delivery } from '../../subscription.ts';
import type { ConsumeRequest } from '../consumption.ts';
import type { MessageSubject } from '../message-subject.ts';
import type { DestinationPolicy, EvictionStrategy } from '../policies/destination-policy.ts';

/** Longer values are kept as their hash, characters. */
const valueLengthMax = 64;

/** A limit and what is dropped when it is exceeded. */
interface Limit {
  readonly countMax: number;
  readonly strategy: EvictionStrategy;
}

/**
 * Limits the messages that wait for a consumer of topics, besides those that it has. If there are
 * more, some are dropped according to the strategy of the topic with the lowest limit.
 *
 * @param policies those of its topics; the lowest limit applies
 * @param subject for the values of messages
 */
export function limitPending(
  queue: Queue,
  { prefetch, pendingCountMax }: ConsumeRequest,
  policies: readonly DestinationPolicy[],
  subject: MessageSubject,
): void {
  const limits = policies.map(({ pendingLimit, eviction }): Limit => {
    const factor = pendingLimit?.prefetchFactor;
    const countMax = pendingLimit?.countMax ?? Infinity;
    return {
      countMax: factor === undefined ? countMax : Math.floor(factor * prefetch),
      strategy: eviction,
    };
  });
  const [lowest] = limits.toSorted((one, other) => one.countMax - other.countMax);
  if (lowest === undefined) return;
  const wanted = pendingCountMax !== undefined && pendingCountMax > 0 ? pendingCountMax : Infinity;
  const lengthMax = Math.min(lowest.countMax, wanted);
  if (lengthMax === Infinity) return;
  const eviction = ruleOf(lowest.strategy, lengthMax, subject);
  queue.applySettings({ ...queue.settings, lengthMax, overflow: 'drop-head', eviction });
}

function ruleOf(
  { kind, expiredFromCount, propertyName }: EvictionStrategy,
  lengthMax: number,
  subject: MessageSubject,
): EvictionRule {
  return {
    kind,
    expiredFromCount: Math.min(expiredFromCount, lengthMax),
    valueOf: (view) => propertyValue(view, propertyName, subject),
  };
}

/** Returns the value of an application property; undefined if the message lacks it. */
function propertyValue(
  view: Delivery,
  name: string,
  subject: MessageSubject,
): MessageValue | undefined {
  subject.forget();
  const { properties, receivedAtMs } = subject.ofView(view);
  // If a header is repeated, the first one counts, as in STOMP.
  const found = properties.headers.find(([key]) => key === name)?.[1];
  if (found === undefined) return undefined;
  const { type, value } = found;
  if (type === 'null' || type === 'binary' || type === 'list' || type === 'map') return undefined;
  // As in Java, 1 is not the same value as '1'.
  const text = `${type}:${value}`;
  return {
    value:
      text.length <= valueLengthMax ? text : createHash('sha256').update(text).digest('base64'),
    sentAtMs: Number(properties.createdAtMs ?? receivedAtMs),
  };
}
