// The STS operation `AssumeRoleWithWebIdentity`.

import { AwsError } from '../../../aws/errors.ts';
import { noPermission, operation, type Result } from '../../../aws/service.ts';
import { type Infer, required, sensitive, string, structure } from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { anonymous, type Caller } from '../../../calls/caller.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import type { RoleRecord } from '../../../identity/accounts/records.ts';
import { sessionTags } from '../../../identity/accounts/sessions/session-tags.ts';
import { claimValues } from '../../../identity/federation/claim-values.ts';
import type { VerifiedToken } from '../../../identity/federation/id-tokens.ts';
import {
  type RequestedSession,
  requestedSession,
} from '../../../identity/federation/token-tags.ts';
import type { NamedValues } from '../../../identity/policies/call-values.ts';
import {
  credentialsView,
  issued,
  packedView,
  roleOf,
  type StsParts,
  tokenSizeView,
  translate,
} from '../parts.ts';
import {
  arn,
  credentials,
  minimumSessionTokenSize,
  packedPolicySize,
  policyArns,
  roleDurationSeconds,
  roleSessionName,
  sessionPolicy,
  sourceIdentity,
  tokenSize,
} from '../shapes.ts';

const secondsDefault = 3600;

const input = structure({
  RoleArn: required(arn),
  RoleSessionName: required(roleSessionName),
  WebIdentityToken: required(sensitive(string({ min: 4, max: 20_000 }))),
  ProviderId: string({ min: 4, max: 2048 }),
  PolicyArns: policyArns,
  Policy: sessionPolicy,
  DurationSeconds: roleDurationSeconds,
  MinimumSessionTokenSize: minimumSessionTokenSize,
});

const output = structure({
  Credentials: credentials,
  SubjectFromWebIdentityToken: string(),
  AssumedRoleUser: structure({ AssumedRoleId: required(string()), Arn: required(arn) }),
  PackedPolicySize: packedPolicySize,
  Provider: string(),
  Audience: string(),
  SourceIdentity: sourceIdentity,
  ...tokenSize,
});

type Request = Infer<typeof input>;

/**
 * Returns temporary credentials of a role for the token of an OIDC provider. The token authenticates
 * the caller, so that the call has no signature.
 */
export function assumeRoleWithWebIdentity(parts: StsParts) {
  return operation({
    action: 'sts:AssumeRoleWithWebIdentity',
    readOnly: true,
    authentication: 'none',
    input,
    output,
    permissions: noPermission('the trust policy decides about the verified token'),
    failedResources: (request, { accountId }) => {
      // The input of a failed call may lack what is required.
      const { RoleArn = '' }: Partial<Request> = request;
      return roleOf(parts, RoleArn) ? [{ arn: RoleArn, type: 'AWS::IAM::Role', accountId }] : [];
    },
    handle: async (request, call) => {
      if (request.ProviderId !== undefined) {
        throw new IamError(
          'ValidationError',
          'ProviderId is for access tokens of OAuth 2.0 providers, which are not supported.',
        );
      }
      const token = await parts.idTokens.verify(request.WebIdentityToken, call.sourceIp);
      return () => {
        const caller = callerOf(parts, token);
        try {
          return decided(parts, request, { ...call, caller }, token);
        } catch (error) {
          throw error instanceof IamError ? translate(error, caller) : error;
        }
      };
    },
  });
}

/** Someone for whom the provider of a token vouches. */
function callerOf({ iam }: StsParts, { provider, audience, subject }: VerifiedToken): Caller {
  const providerArn = iam.providers.arnOf(provider.name);
  return {
    type: 'web-identity',
    accountId: '',
    arn: '',
    principalId: `${providerArn}:${audience}:${subject}`,
    userName: subject,
    webIdentity: { providerArn, audience, subject },
  };
}

function decided(
  parts: StsParts,
  request: Request,
  call: CallContext,
  token: VerifiedToken,
): Result<Infer<typeof output>> {
  const { iam } = parts;
  const { caller, nowMs, accountId } = call;
  const session = requestedSession(token.claims);
  const role = trustingRole(parts, request, call, token, session);
  const { DurationSeconds: seconds = secondsDefault, RoleSessionName: name } = request;
  if (seconds > role.maxSessionSeconds) {
    throw new IamError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  const policyArnsGiven = (request.PolicyArns ?? []).flatMap((each) => each.arn ?? []);
  const providerArn = iam.providers.arnOf(token.provider.name);
  const { sourceIdentity: identity } = session;
  const key = iam.issuing.issue(
    {
      holder: { type: 'role', roleId: role.id, name },
      issuedMs: nowMs,
      expiresMs: nowMs + seconds * 1000,
      sourceIdentity: identity,
      policy: request.Policy,
      policyArns: policyArnsGiven.length > 0 ? policyArnsGiven : undefined,
      federatedProvider: providerArn,
      ...sessionTags(anonymous, session.tags, session.transitiveTagKeys),
    },
    request.MinimumSessionTokenSize,
  );
  const answered = {
    Credentials: credentialsView(key),
    SubjectFromWebIdentityToken: token.subject,
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${name}`,
      Arn: `arn:aws:sts::${iam.accountId()}:assumed-role/${role.name}/${name}`,
    },
    Provider: providerArn,
    Audience: token.audience,
    ...packedView(key),
    ...tokenSizeView(key),
    ...(identity !== undefined && { SourceIdentity: identity }),
  };
  const resources = [{ arn: request.RoleArn, type: 'AWS::IAM::Role', accountId }];
  return { ...issued(output, answered, { changes: [] }), resources, caller };
}

/** @throws {AwsError} 'AccessDenied', including for a role that does not exist */
function trustingRole(
  { iam, trust }: StsParts,
  request: Request,
  call: CallContext,
  token: VerifiedToken,
  session: RequestedSession,
): RoleRecord {
  const role = roleOf({ iam }, request.RoleArn);
  const actions = [
    'sts:AssumeRoleWithWebIdentity',
    ...(session.tags.length > 0 ? ['sts:TagSession'] : []),
    ...(session.sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
  ];
  const values = valuesOf(request, token, session);
  if (role && trust.allows(role, actions, call, values)) return role;
  throw new AwsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', {
    status: 403,
    caller: call.caller,
  });
}

function valuesOf(
  { RoleSessionName }: Request,
  { provider, claims, audience }: VerifiedToken,
  { tags, transitiveTagKeys, sourceIdentity: identity }: RequestedSession,
): NamedValues {
  const requested = tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value] as const);
  return {
    ...claimValues(provider.name, claims, audience),
    ...Object.fromEntries(requested),
    'sts:RoleSessionName': RoleSessionName,
    'sts:SourceIdentity': identity,
    'sts:TransitiveTagKeys': transitiveTagKeys,
    'aws:TagKeys': tags.map(({ Key }) => Key),
  };
}
