// The limits of a broker that its configuration states.

import type { Limits } from '../../../broker/limits.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';

/** Returns the limits that replace the defaults. */
export function configuredLimits(settings: RabbitMqSettings | undefined): Partial<Limits> {
  if (settings === undefined) return {};
  const { consumerTimeoutMs, ...limits } = settings.limits;
  if (consumerTimeoutMs === undefined) return limits;
  return { ...limits, consumerTimeoutMs: consumerTimeoutMs ?? Infinity };
}
