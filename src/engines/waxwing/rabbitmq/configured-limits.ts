// The limits of a broker that its configuration or its instance type states.

import type { BrokerOptions } from '../../../broker/broker-options.ts';
import type { StartMessage } from '../messages.ts';
import { limitsOfInstance } from './instance-settings.ts';

/** Returns the limits that replace the defaults, and what a new broker begins with. */
export function configuredOptions({
  rabbitMq,
  instance,
  room: { memoryBytesMax },
}: Pick<StartMessage, 'rabbitMq' | 'instance' | 'room'>): Pick<
  BrokerOptions,
  'limits' | 'initialSettings'
> {
  const configured = limitsOfInstance(rabbitMq?.limits ?? {}, instance?.limits);
  const { consumerTimeoutMs, ...limits } = configured;
  return {
    limits: {
      ...limits,
      // Null stands for no limit.
      ...(consumerTimeoutMs !== undefined && { consumerTimeoutMs: consumerTimeoutMs ?? Infinity }),
      ...(memoryBytesMax !== undefined && { memoryBytesMax }),
    },
    initialSettings: instance?.initialSettings,
  };
}
