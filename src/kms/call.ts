import type { CallContext } from '../calls/call-context.ts';

/** Who calls and how, as far as the key service needs to know it. */
export type KmsCall = Pick<
  CallContext,
  'caller' | 'invokedBy' | 'region' | 'accountId' | 'sourceIp' | 'userAgent' | 'nowMs'
>;

/** True where a service calls for itself. */
export function isServiceCall(call: KmsCall): boolean {
  return call.caller.type === 'service';
}

/**
 * A service principal without its region: `ec2.us-east-1.amazonaws.com` is `ec2.amazonaws.com`.
 * What is no service principal comes back as it is.
 */
export function withoutRegion(principal: string): string {
  return principal.replace(
    /^([a-z0-9-]+)\.[a-z]{2}(?:-[a-z]+)+-\d\.amazonaws\.com$/,
    '$1.amazonaws.com',
  );
}

/** True for `mq.amazonaws.com` and the like. */
export function isServicePrincipal(principal: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/.test(principal);
}
