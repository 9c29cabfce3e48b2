// The administration service: advice, and the rotation of the secrets of the first start.

import type { Service } from '../../aws/service.ts';
import { listAdvice } from './operations/list-advice.ts';
import { rotateDefaultBrokerPassword, rotateMetricsToken } from './operations/rotations.ts';
import type { AdministrationParts } from './parts.ts';

/** The administration of this installation. This is not an AWS API. */
export function administrationService(parts: AdministrationParts): Service {
  return {
    name: 'waxwing-administration',
    wires: ['rest-json'],
    eventSource: 'waxwing.local',
    apiVersion: '1',
    operations: {
      ListAdvice: listAdvice(parts),
      RotateDefaultBrokerPassword: rotateDefaultBrokerPassword(parts),
      RotateMetricsToken: rotateMetricsToken(parts),
    },
  };
}
