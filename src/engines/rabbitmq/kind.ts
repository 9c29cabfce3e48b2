// The kind of broker that a cluster is.

import type { EngineKind } from '../../control/engine.ts';
import { majorMinor } from '../../control/offers/offers.ts';
import type { Installation } from './installation.ts';
import { rabbitMqHash } from './nodes/definitions.ts';

/** Clusters of RabbitMQ. */
export const kind = { engineType: 'RABBITMQ', deploymentMode: 'CLUSTER_MULTI_AZ' } as const;

/** What clusters can do with the versions of RabbitMQ that this machine has. */
export function kindOf(installations: readonly Installation[]): EngineKind {
  return {
    ...kind,
    listeners: ['amqps', 'management'],
    authenticationStrategies: ['SIMPLE'],
    startsSlowly: true,
    engineVersions: installations.map(({ version }) => majorMinor(version)),
    hashPassword: rabbitMqHash,
  };
}
