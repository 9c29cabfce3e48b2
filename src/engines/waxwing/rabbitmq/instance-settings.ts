// What a broker of RabbitMQ's type has because of its version and instance type.

import type { InitialSettings } from '../../../broker/settings/initial-settings.ts';
import type { BrokerLimits } from '../../../control/configurations/rabbitmq/broker-limits.ts';
import type { BrokerSpec } from '../../../control/engine.ts';
import {
  type RabbitMqInstance,
  rabbitMqInstance,
} from '../../../control/offers/rabbitmq-limits.ts';
import type { Room } from '../messages.ts';

/** Settings of a broker besides its configuration. Plain JSON. */
export interface InstanceSettings {
  readonly initialSettings: InitialSettings;
  /** Undefined if the instance type is only a name. */
  readonly limits?: Pick<RabbitMqInstance, 'defaults' | 'maximum'> | undefined;
}

/**
 * Returns the settings of an instance type.
 *
 * @param isLimited whether the broker has the limits of its instance type
 */
export function instanceSettings(
  { hostInstanceType, engineVersion }: Pick<BrokerSpec, 'hostInstanceType' | 'engineVersion'>,
  isLimited: boolean,
): InstanceSettings {
  const instance = isLimited ? rabbitMqInstance(hostInstanceType, engineVersion) : undefined;
  const isOlder = engineVersion.startsWith('3.');
  return {
    initialSettings: {
      policies: [
        {
          name: 'AWS-DEFAULT-POLICY-SINGLE-INSTANCE',
          pattern: '.*',
          applyTo: 'classic_queues',
          priority: 0,
          definition: { 'queue-mode': 'lazy' },
        },
      ],
      limits: instance?.vhost ?? {},
      operatorPolicies: [
        {
          name: 'default_operator_policy_AWS_managed',
          pattern: '.*',
          applyTo: 'classic_queues',
          priority: 0,
          definition: {
            ...(isOlder && { 'ha-mode': 'all', 'ha-sync-mode': 'automatic' }),
            'queue-version': 2,
          },
        },
      ],
    },
    limits: instance,
  };
}

/** The memory and disk space of a broker, of which its instance type may have less. */
export function instanceRoom(
  { memoryBytesMax, diskReserveBytes }: Room,
  { hostInstanceType, engineVersion }: Pick<BrokerSpec, 'hostInstanceType' | 'engineVersion'>,
  usualBytesMax: number,
): Room {
  const instance = rabbitMqInstance(hostInstanceType, engineVersion);
  if (instance === undefined) return { memoryBytesMax, diskReserveBytes };
  return {
    memoryBytesMax: Math.min(memoryBytesMax ?? usualBytesMax, instance.memoryBytesMax),
    diskReserveBytes: Math.max(diskReserveBytes, instance.diskReserveBytes),
  };
}

/** The limits of a configuration, or those of the instance type where it has none, up to its maximum. */
export function limitsOfInstance(
  configured: BrokerLimits,
  limits: InstanceSettings['limits'],
): BrokerLimits {
  if (limits === undefined) return configured;
  const merged: BrokerLimits = { ...limits.defaults, ...configured };
  const names = Object.keys(limits.maximum) as (keyof BrokerLimits)[]; // it has no others
  const lowered = names.map((name) => {
    const countMax = limits.maximum[name] ?? Infinity;
    return [name, Math.min(merged[name] ?? countMax, countMax)] as const;
  });
  return { ...merged, ...Object.fromEntries(lowered) };
}
