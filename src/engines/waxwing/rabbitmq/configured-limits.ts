// The limits of a broker that its configuration states.

import type { Limits } from '../../../broker/limits.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';
import type { Room } from '../messages.ts';

/**
 * Returns the limits that replace the defaults.
 *
 * @param room with the limits of the operator
 */
export function configuredLimits(
  settings: RabbitMqSettings | undefined,
  { memoryBytesMax }: Pick<Room, 'memoryBytesMax'>,
): Partial<Limits> {
  const { consumerTimeoutMs, ...limits } = settings?.limits ?? {};
  return {
    ...limits,
    // Null stands for no limit.
    ...(consumerTimeoutMs !== undefined && { consumerTimeoutMs: consumerTimeoutMs ?? Infinity }),
    ...(memoryBytesMax !== undefined && { memoryBytesMax }),
  };
}
