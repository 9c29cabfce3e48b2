// The effective settings of a queue.

import type { Arguments } from '../arguments.ts';
import { overflows, type QueueSettings } from '../queue-options.ts';
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
  const isQuorum = own.type === 'quorum';
  const isLimited =
    args['x-delivery-limit'] !== undefined || definition['delivery-limit'] !== undefined;
  const overflow = overflows.find((known) => known === text('overflow')) ?? 'drop-head';
  const timeoutMs = limit('consumer-timeout');
  return {
    ...own,
    ttlMs: Math.min(own.ttlMs, limit('message-ttl')),
    expiresMs: Math.min(own.expiresMs, limit('expires')),
    lengthMax: Math.min(own.lengthMax, limit('max-length')),
    bytesMax: Math.min(own.bytesMax, limit('max-length-bytes')),
    overflow: args['x-overflow'] === undefined ? overflow : own.overflow,
    deadLetterExchange: own.deadLetterExchange ?? text('dead-letter-exchange'),
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
