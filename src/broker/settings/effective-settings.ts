// The effective settings of a queue.

import { type Arguments, wholeNumber } from '../arguments.ts';
import { isSafe, overflowOf, overflows, type QueueSettings } from '../queue-options.ts';
import { type DelayedRetry, delayedRetryOf } from '../queues/delayed-retry.ts';
import { ageMs } from '../streams/stream-arguments.ts';
import type { PolicyDefinition } from './policy-keys.ts';

/**
 * Merges the arguments of a queue with its policy as RabbitMQ does: the smaller value of limits and
 * times to live applies, and otherwise the argument takes precedence.
 *
 * @param own the settings from the arguments alone
 * @param deliveryLimit the delivery limit of quorum queues without one
 */
export function effectiveSettings(
  own: QueueSettings,
  args: Arguments,
  definition: PolicyDefinition,
  deliveryLimit: number,
): QueueSettings {
  const limit = (key: string): number => {
    const value = definition[key];
    return typeof value === 'number' && value >= 0 ? value : Infinity;
  };
  const text = (key: string): string | undefined => {
    const value = definition[key];
    return typeof value === 'string' ? value : undefined;
  };
  const timeoutMs = limit('consumer-timeout');
  if (own.type === 'stream') return withPolicyOfStream(own, definition, timeoutMs);
  const isQuorum = own.type === 'quorum';
  const isLimited =
    args['x-delivery-limit'] !== undefined || definition['delivery-limit'] !== undefined;
  const ofPolicy = overflows.find((known) => known === text('overflow')) ?? 'drop-head';
  const overflow = args['x-overflow'] === undefined ? overflowOf(own.type, ofPolicy) : own.overflow;
  const deadLetterExchange = own.deadLetterExchange ?? text('dead-letter-exchange');
  const strategy = args['x-dead-letter-strategy']?.value ?? text('dead-letter-strategy');
  return {
    ...own,
    ttlMs: Math.min(own.ttlMs, limit('message-ttl')),
    expiresMs: Math.min(own.expiresMs, limit('expires')),
    lengthMax: Math.min(own.lengthMax, limit('max-length')),
    bytesMax: Math.min(own.bytesMax, limit('max-length-bytes')),
    overflow,
    deadLetterExchange,
    deadLettersSafely: isSafe(own.type, strategy, overflow, deadLetterExchange),
    delayedRetry: isQuorum ? delayedRetry(args, definition) : undefined,
    deadLetterKey: own.deadLetterKey ?? text('dead-letter-routing-key'),
    deliveryLimit:
      isQuorum && isLimited
        ? Math.min(own.deliveryLimit, limit('delivery-limit'))
        : isQuorum
          ? deliveryLimit
          : own.deliveryLimit,
    consumerTimeoutMs: own.consumerTimeoutMs ?? (timeoutMs === Infinity ? undefined : timeoutMs),
  };
}

/** The type of a policy takes precedence, and the smaller times apply. */
function delayedRetry(args: Arguments, definition: PolicyDefinition): DelayedRetry | undefined {
  const ms = (key: string): number | undefined => {
    const found = args[`x-${key}`];
    const own = found === undefined ? undefined : wholeNumber(found);
    const other = definition[key];
    if (typeof other !== 'number') return own;
    return own === undefined ? other : Math.min(own, other);
  };
  const type = definition['delayed-retry-type'] ?? args['x-delayed-retry-type']?.value;
  return delayedRetryOf(type, ms('delayed-retry-min'), ms('delayed-retry-max'));
}

/** The settings of a stream: as in RabbitMQ, its policy takes precedence over its arguments. */
function withPolicyOfStream(
  own: QueueSettings,
  definition: PolicyDefinition,
  timeoutMs: number,
): QueueSettings {
  const bytes = definition['max-length-bytes'];
  const segmentBytes = definition['stream-max-segment-size-bytes'];
  const age = definition['max-age'];
  return {
    ...own,
    bytesMax: typeof bytes === 'number' ? bytes : own.bytesMax,
    maxAgeMs: (typeof age === 'string' ? ageMs(age) : undefined) ?? own.maxAgeMs,
    segmentBytesMax: typeof segmentBytes === 'number' ? segmentBytes : own.segmentBytesMax,
    consumerTimeoutMs: own.consumerTimeoutMs ?? (timeoutMs === Infinity ? undefined : timeoutMs),
  };
}
