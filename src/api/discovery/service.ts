// The discovery service: searches messages for personal and secret data.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { ControlError, type ControlErrorCode } from '../../control/errors.ts';
import { discoverSensitiveData } from './operations/discover-sensitive-data.ts';
import type { DiscoveryParts } from './parts.ts';

const answers: Readonly<Record<ControlErrorCode, readonly [code: string, status: number]>> = {
  'bad-request': ['BadRequestException', 400],
  'not-found': ['NotFoundException', 404],
  conflict: ['BadRequestException', 400],
  'not-answering': ['ServiceUnavailableException', 503],
};

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
      const [code, status] = answers[error.code];
      return new AwsError(code, error.message, { status, cause: error });
    },
  };
}
