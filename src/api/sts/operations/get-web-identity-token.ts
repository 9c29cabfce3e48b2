// The STS operation `GetWebIdentityToken`.

import { mapPermissions, operation } from '../../../aws/service.ts';
import {
  enumeration,
  integer,
  list,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import { webIdentityAlgorithms } from '../../../identity/federation/web-identity-record.ts';
import { webIdentityPath } from '../../../identity/federation/web-identity-tokens.ts';
import { issued, onSts, type StsParts } from '../parts.ts';
import { tags } from '../shapes.ts';

const secondsDefault = 300;

/** The name of the claim with those that are not registered (RFC 7519, section 4.3). */
const ownClaims = 'https://sts.amazonaws.com/';

type Tags = readonly { readonly Key: string; readonly Value: string }[];

/**
 * White space is not permitted: RabbitMQ reads one audience with spaces as several, and a policy that
 * limits audiences would not see them.
 */
const audience = string({ min: 1, max: 1000, pattern: /^\S+$/ });

const output = structure({ WebIdentityToken: sensitive(string()), Expiration: timestamp() });

/** Returns a token with which the caller proves to another service who it is. */
export function getWebIdentityToken({ iam, apiUrl }: StsParts) {
  return operation({
    action: 'sts:GetWebIdentityToken',
    readOnly: true,
    input: structure({
      Audience: required(list(audience, { min: 1, max: 10 })),
      DurationSeconds: integer({ min: 60, max: 3600 }),
      SigningAlgorithm: required(enumeration(webIdentityAlgorithms)),
      SubjectMode: enumeration(['AWSIdentity', 'OriginIdentity']),
      Scope: string({ min: 1, max: 2048 }),
      Tags: tags,
    }),
    output,
    permissions: ({ Audience, DurationSeconds, SigningAlgorithm, Tags = [] }, call) => {
      const values = {
        'sts:IdentityTokenAudience': Audience,
        'sts:SigningAlgorithm': SigningAlgorithm,
        'sts:DurationSeconds': String(DurationSeconds ?? secondsDefault),
        'aws:TagKeys': Tags.length > 0 ? Tags.map(({ Key }) => Key) : undefined,
        ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
      };
      const asked = onSts('sts:GetWebIdentityToken', [], call);
      const tagging = { action: 'sts:TagGetWebIdentityToken', resources: [] };
      return mapPermissions(Tags.length > 0 ? [...asked, tagging] : asked, (each) => ({
        ...each,
        values,
      }));
    },
    handle: async (input, call) => {
      const { Audience, SigningAlgorithm, Tags = [] } = input;
      const { webIdentities } = iam;
      webIdentities.requireKey(SigningAlgorithm);
      refuseOrigin(input);
      refuseRepeated(Tags);
      const seconds = input.DurationSeconds ?? secondsDefault;
      refuseLonger(seconds, call);
      const issuedSeconds = Math.floor(call.nowMs / 1000);
      const expiresSeconds = issuedSeconds + seconds;
      const claims = {
        iss: `${apiUrl()}${webIdentityPath}/${webIdentities.issuer?.issuerId}`,
        sub: principalArn(call),
        aud: Audience.length === 1 ? Audience[0] : Audience,
        iat: issuedSeconds,
        nbf: issuedSeconds,
        exp: expiresSeconds,
        // Unique, so that a service can refuse a token that it has seen before.
        jti: call.eventId,
        [ownClaims]: claimsOf(call, Tags),
      };
      const token = await webIdentities.sign(claims, SigningAlgorithm);
      return () => {
        // It may have been disabled while the token was signed.
        webIdentities.requireKey(SigningAlgorithm);
        const answered = { WebIdentityToken: token, Expiration: expiresSeconds * 1000 };
        return issued(output, answered, { changes: [] });
      };
    },
  });
}

/** Refuses tokens for somebody on whose behalf the session acts: no session has such a context. */
function refuseOrigin({
  SubjectMode,
  Scope,
}: {
  readonly SubjectMode?: string | undefined;
  readonly Scope?: string | undefined;
}): void {
  if (SubjectMode === 'OriginIdentity') {
    throw invalid(
      'SubjectMode OriginIdentity requires a session with a trusted identity propagation context, which this service does not issue. Use AWSIdentity.',
    );
  }
  if (Scope === undefined) return;
  throw invalid('Scope can only be specified when SubjectMode is OriginIdentity. Leave it out.');
}

/** Keys of tags are compared without regard to case. */
function refuseRepeated(requested: Tags): void {
  if (new Set(requested.map(({ Key }) => Key.toLowerCase())).size === requested.length) return;
  throw new IamError(
    'InvalidParameterValue',
    'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
  );
}

/** A token must not outlive the session with which it is requested. */
function refuseLonger(seconds: number, { caller, nowMs }: CallContext): void {
  const expiresMs = caller.temporary?.expiresMs;
  if (expiresMs === undefined) return;
  const leftSeconds = Math.floor((expiresMs - nowMs) / 1000);
  if (seconds <= leftSeconds) return;
  throw new IamError(
    'SessionDurationEscalationException',
    `The token would be valid for ${seconds} s, but the session ends in ${leftSeconds} s.`,
  );
}

/** The ARN of the caller; for a session of a role, that of the role. */
function principalArn({ caller }: CallContext): string {
  return caller.session?.roleArn ?? caller.arn;
}

function claimsOf(call: CallContext, requested: Tags): object {
  const { caller, accountId, region } = call;
  const { expiresMs, federatedProvider, sourceIdentity } = caller.temporary ?? {};
  const own = Object.entries(caller.tags ?? {});
  return {
    aws_account: accountId,
    source_region: region,
    principal_id: principalArn(call),
    ...(own.length > 0 && { principal_tags: Object.fromEntries(own) }),
    ...(requested.length > 0 && {
      request_tags: Object.fromEntries(requested.map(({ Key, Value }) => [Key, Value])),
    }),
    ...(expiresMs !== undefined && { original_session_exp: new Date(expiresMs).toISOString() }),
    ...(federatedProvider !== undefined && { federated_provider: federatedProvider }),
    ...(sourceIdentity !== undefined && { source_identity: sourceIdentity }),
  };
}

function invalid(message: string): IamError {
  return new IamError('ValidationError', message);
}
