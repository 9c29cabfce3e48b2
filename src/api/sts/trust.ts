// The decision whether a caller may assume a role.

import { AwsError } from '../../aws/errors.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { RoleRecord } from '../../identity/accounts/records.ts';
import { CallValues, foldedValues, type NamedValues } from '../../identity/policies/call-values.ts';
import { compileStored } from '../../identity/policies/compile-policy.ts';
import { evaluate } from '../../identity/policies/evaluate.ts';
import { withPrincipalIds } from '../../identity/policies/principal-ids.ts';
import { policyPrincipal } from '../../identity/policies/principals.ts';
import type { AssumeRoleInput } from './operations/assume-role.ts';
import type { StsParts } from './parts.ts';

/** A call whose caller may have proven a second factor with it. */
type TrustedCall = CallContext & { readonly mfaAtMs: number | undefined };

/**
 * Checks that the trust policy of a role, and the caller's policies where it leaves the decision to
 * them, let the caller assume it. Tags and a source identity need permissions of their own.
 *
 * @param role undefined if it does not exist, which callers cannot tell from a refusal
 * @throws {AwsError} 'AccessDenied'
 */
export function requireTrust(
  { iam }: StsParts,
  role: RoleRecord | undefined,
  input: AssumeRoleInput,
  call: TrustedCall,
): asserts role is RoleRecord {
  const { caller } = call;
  const { transitiveTagKeys: inherited = [], sourceIdentity } = caller.temporary ?? {};
  const hasSourceIdentity = (input.SourceIdentity ?? sourceIdentity) !== undefined;
  const actions = [
    'sts:AssumeRole',
    ...((input.Tags ?? []).length + inherited.length > 0 ? ['sts:TagSession'] : []),
    // Also for a source identity that the session passes on.
    ...(hasSourceIdentity ? ['sts:SetSourceIdentity'] : []),
  ];
  const own = caller.type === 'federated-user' ? undefined : role;
  const values = new CallValues(call, foldedValues(valuesOf(input, call, role)));
  for (const action of actions) {
    if (own === undefined) throw denied(action, input, call);
    const request = {
      principal: policyPrincipal(caller),
      action,
      resource: iam.arnOf('role', own),
      values,
    };
    const { outcome } = evaluate(request, {
      ...iam.policies.policiesOf(caller),
      resource: withPrincipalIds(compileStored(own.trust, 'trust'), own.trustIds),
      isResourcePolicyRequired: true,
    });
    if (outcome !== 'allowed') throw denied(action, input, call);
  }
}

function valuesOf(
  input: AssumeRoleInput,
  { caller, accountId, nowMs, mfaAtMs }: TrustedCall,
  role: RoleRecord | undefined,
): NamedValues {
  const { Tags = [], TransitiveTagKeys = [] } = input;
  const provenMs = mfaAtMs ?? caller.temporary?.mfaAtMs;
  const named: [string, string | readonly string[] | undefined][] = [
    ['aws:ResourceAccount', accountId],
    ['sts:ExternalId', input.ExternalId],
    ['sts:RoleSessionName', input.RoleSessionName],
    ['sts:SourceIdentity', input.SourceIdentity ?? caller.temporary?.sourceIdentity],
    ['sts:TransitiveTagKeys', TransitiveTagKeys],
    ['aws:TagKeys', Tags.map(({ Key }) => Key)],
    ...Tags.map(({ Key, Value }): [string, string] => [`aws:RequestTag/${Key}`, Value]),
    ...(role?.tags ?? []).map(({ key, value }): [string, string] => [
      `aws:ResourceTag/${key}`,
      value,
    ]),
  ];
  if (provenMs !== undefined) {
    named.push(['aws:MultiFactorAuthPresent', 'true']);
    named.push(['aws:MultiFactorAuthAge', String(Math.floor((nowMs - provenMs) / 1000))]);
  }
  return Object.fromEntries(named);
}

function denied(action: string, { RoleArn }: AssumeRoleInput, { caller }: CallContext): AwsError {
  return new AwsError(
    'AccessDenied',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${RoleArn}`,
    { status: 403 },
  );
}
