/** Who calls and how, as far as the key service needs to know it. */
export interface KmsCall {
  readonly caller: {
    readonly type: 'root' | 'user' | 'assumed-role' | 'service';
    /** 12 digits; for a service, the account on whose behalf it works. */
    readonly accountId: string;
    /** For a service its principal (`mq.amazonaws.com`). */
    readonly arn: string;
    readonly principalId: string;
    readonly userName?: string;
    readonly session?: { readonly roleArn: string };
  };
  /** The service that calls with the caller's identity, or undefined. */
  readonly invokedBy: string | undefined;
  readonly region: string;
  /** The account whose keys are meant, 12 digits. */
  readonly accountId: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly nowMs: number;
}

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
