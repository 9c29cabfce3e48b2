// The discovery service: searches messages for personal and secret data.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { ControlError } from '../../control/errors.ts';
import { discoverSensitiveData } from './operations/discover-sensitive-data.ts';
import type { DiscoveryParts } from './parts.ts';

/** The search for personal and secret data in messages. This is not an AWS API. */
export function discoveryService(parts: DiscoveryParts): Service {
  return {
    name: 'waxwing-discovery',
    wires: ['rest-json'],
    eventSource: 'waxwing.local',
    apiVersion: '1',
    operations: { DiscoverSensitiveData: discoverSensitiveData(parts) },
    translate: (error) => {
      if (!(error instanceof ControlError)) return undefined;
      const isMissing = error.code === 'not-found';
      const code = isMissing ? 'NotFoundException' : 'BadRequestException';
      return new AwsError(code, error.message, { status: isMissing ? 404 : 400, cause: error });
    },
  };
}
