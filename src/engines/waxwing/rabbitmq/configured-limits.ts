// The limits of a broker that its configuration states.

import type { Limits } from '../../../broker/limits.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';

/**
 * Returns the limits that replace the defaults.
 *
 * @param memoryBytesMax the limit of the operator; undefined for the default
 */
export function configuredLimits(
  settings: RabbitMqSettings | undefined,
  memoryBytesMax: number | undefined,
): Partial<Limits> {
  const { consumerTimeoutMs, ...limits } = settings?.limits ?? {};
  return {
    ...limits,
    // Null stands for no limit.
    ...(consumerTimeoutMs !== undefined && { consumerTimeoutMs: consumerTimeoutMs ?? Infinity }),
    ...(memoryBytesMax !== undefined && { memoryBytesMax }),
  };
}
