// The context of a call to the key service.

import type { CallContext } from '../calls/call-context.ts';

/** The caller and origin of a call, as far as the key service needs them. */
export type KmsCall = Pick<
  CallContext,
  'caller' | 'invokedBy' | 'sourceArn' | 'region' | 'accountId' | 'sourceIp' | 'userAgent' | 'nowMs'
>;

/** Whether a service calls for itself. */
export function isServiceCall(call: KmsCall): boolean {
  return call.caller.type === 'service';
}

/**
 * Removes the region from a service principal: `ec2.us-east-1.amazonaws.com` becomes
 * `ec2.amazonaws.com`. Other names are returned unchanged.
 */
export function withoutRegion(principal: string): string {
  return principal.replace(
    /^([a-z0-9-]+)\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com$/,
    '$1.amazonaws.com',
  );
}

/** Whether a name is a service principal, such as `mq.amazonaws.com`. */
export function isServicePrincipal(principal: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/.test(principal);
}
