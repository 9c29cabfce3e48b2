// The STS operation `AssumeRole`.

import { AwsError } from '../../../aws/errors.ts';
import { noPermission, operation } from '../../../aws/service.ts';
import { type Infer, list, required, string, structure } from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import type { RoleRecord } from '../../../identity/accounts/records.ts';
import { sessionTags } from '../../../identity/accounts/sessions/session-tags.ts';
import {
  credentialsView,
  issued,
  packedView,
  roleOf,
  type StsParts,
  secondFactor,
  tokenSizeView,
} from '../parts.ts';
import {
  arn,
  credentials,
  externalId,
  minimumSessionTokenSize,
  packedPolicySize,
  policyArns,
  roleDurationSeconds,
  roleSessionName,
  serialNumber,
  sessionPolicy,
  sourceIdentity,
  tags,
  tokenCode,
  tokenSize,
  transitiveTagKeys,
} from '../shapes.ts';
import { requireTrust } from '../trust.ts';

const secondsDefault = 3600;
/** The maximum duration of a session that is created by the session of a role. */
const chainedSecondsMax = 3600;

const input = structure({
  RoleArn: required(arn),
  RoleSessionName: required(roleSessionName),
  PolicyArns: policyArns,
  Policy: sessionPolicy,
  DurationSeconds: roleDurationSeconds,
  Tags: tags,
  TransitiveTagKeys: transitiveTagKeys,
  ExternalId: externalId,
  SerialNumber: serialNumber,
  TokenCode: tokenCode,
  SourceIdentity: sourceIdentity,
  ProvidedContexts: list(structure({}), { min: 1, max: 5 }),
  MinimumSessionTokenSize: minimumSessionTokenSize,
});

const output = structure({
  Credentials: credentials,
  AssumedRoleUser: structure({ AssumedRoleId: required(string()), Arn: required(arn) }),
  PackedPolicySize: packedPolicySize,
  SourceIdentity: sourceIdentity,
  ...tokenSize,
});

/** The request of AssumeRole. */
export type AssumeRoleInput = Infer<typeof input>;

/** Returns temporary credentials of a role. */
export function assumeRole(parts: StsParts) {
  return operation({
    action: 'sts:AssumeRole',
    readOnly: true,
    input,
    output,
    permissions: noPermission('the trust policy is evaluated with the policies of the caller'),
    failedResources: (request, { accountId }) => {
      // The input of a failed call may lack what is required.
      const { RoleArn = '' }: Partial<AssumeRoleInput> = request;
      const role = roleOf(parts, RoleArn);
      return role ? [{ arn: RoleArn, type: 'AWS::IAM::Role', accountId }] : [];
    },
    handle: (request, call) => {
      const { iam } = parts;
      const { caller, nowMs } = call;
      if (caller.type === 'root') throw refused('Roles may not be assumed by root accounts.');
      if (request.ProvidedContexts !== undefined) {
        throw new IamError('ValidationError', 'ProvidedContexts is not supported.');
      }
      const mfa = secondFactor(parts, request.SerialNumber, request.TokenCode, call);
      const role = roleOf(parts, request.RoleArn);
      const identity = sourceIdentityOf(request, call);
      requireTrust(parts, role, request, { ...call, mfaAtMs: mfa.output });
      const seconds = durationOf(request, role, call);
      const name = request.RoleSessionName;
      const key = iam.issuing.issue(
        {
          holder: { type: 'role', roleId: role.id, name },
          issuedMs: nowMs,
          expiresMs: nowMs + seconds * 1000,
          mfaAtMs: mfa.output ?? caller.temporary?.mfaAtMs,
          // A role that is assumed in the console belongs to the same sign-in.
          isFromConsole: caller.temporary?.isFromConsole,
          sourceIdentity: identity,
          policy: request.Policy,
          policyArns: arnsOf(request),
          ...sessionTags(caller, request.Tags ?? [], request.TransitiveTagKeys ?? []),
        },
        request.MinimumSessionTokenSize,
      );
      const Arn = `arn:aws:sts::${iam.accountId()}:assumed-role/${role.name}/${name}`;
      const answered = {
        Credentials: credentialsView(key),
        AssumedRoleUser: { AssumedRoleId: `${role.id}:${name}`, Arn },
        ...packedView(key),
        ...tokenSizeView(key),
        ...(identity !== undefined && { SourceIdentity: identity }),
      };
      const { accountId } = call;
      const resources = [{ arn: request.RoleArn, type: 'AWS::IAM::Role', accountId }];
      return { ...issued(output, answered, mfa), resources };
    },
  });
}

function arnsOf({ PolicyArns = [] }: AssumeRoleInput): readonly string[] | undefined {
  const arns = PolicyArns.flatMap((each) => (each.arn === undefined ? [] : [each.arn]));
  return arns.length > 0 ? arns : undefined;
}

/** @throws {IamError} 'ValidationError' */
function durationOf(
  { DurationSeconds: seconds = secondsDefault }: AssumeRoleInput,
  role: RoleRecord,
  { caller }: CallContext,
): number {
  if (caller.session !== undefined && seconds > chainedSecondsMax) {
    throw new IamError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (seconds <= role.maxSessionSeconds) return seconds;
  throw new IamError(
    'ValidationError',
    'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  );
}

/** The source identity, which no later session can change. */
function sourceIdentityOf(
  { SourceIdentity: asked }: AssumeRoleInput,
  { caller }: CallContext,
): string | undefined {
  const before = caller.temporary?.sourceIdentity;
  if (before !== undefined && asked !== undefined && asked !== before) {
    throw refused('The source identity of a session cannot be changed by a later session.');
  }
  return before ?? asked;
}

function refused(message: string): AwsError {
  return new AwsError('AccessDenied', message, { status: 403 });
}
