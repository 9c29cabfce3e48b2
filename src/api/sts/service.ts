import type { Service } from '../../aws/service.ts';
import { getCallerIdentity } from './operations/get-caller-identity.ts';

/** The security token service, as far as it needs no credentials but those that a caller has. */
export function stsService(): Service {
  return {
    name: 'sts',
    wires: ['query'],
    eventSource: 'sts.amazonaws.com',
    apiVersion: '2011-06-15',
    operations: { GetCallerIdentity: getCallerIdentity() },
  };
}
