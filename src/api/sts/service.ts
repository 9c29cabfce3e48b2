// The STS service.

import type { Service } from '../../aws/service.ts';
import { getCallerIdentity } from './operations/get-caller-identity.ts';

/** The part of the Security Token Service that issues no credentials. */
export function stsService(): Service {
  return {
    name: 'sts',
    wires: ['query'],
    eventSource: 'sts.amazonaws.com',
    apiVersion: '2011-06-15',
    operations: { GetCallerIdentity: getCallerIdentity() },
  };
}
