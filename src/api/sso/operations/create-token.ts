// The SSO OIDC operation `CreateToken`.

import { noPermission, operation, type Result } from '../../../aws/service.ts';
import type { Infer } from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import type { RegisteredClient } from '../../../identity/sso/clients.ts';
import type { Person } from '../../../identity/sso/person.ts';
import type { SignInRecord } from '../../../identity/sso/sign-in-record.ts';
import { refreshedAccessMs } from '../../../identity/sso/sign-ins.ts';
import { asChanges, oauthError, requireClient, type SsoParts } from '../parts.ts';
import { createTokenRequest, createTokenResponse, grantTypes } from '../shapes.ts';

type Request = Infer<typeof createTokenRequest>;
type Response = Infer<typeof createTokenResponse>;

/** Exchanges a device code, an authorization code or a refresh token for an access token. */
export function createToken(parts: SsoParts) {
  return operation({
    action: 'sso-oauth:CreateToken',
    readOnly: false,
    authentication: 'none',
    http: { method: 'POST', path: '/token' },
    input: createTokenRequest,
    output: createTokenResponse,
    permissions: noPermission('the code that a person has allowed authorises'),
    handle: (input, call) => {
      const client = requireClient(parts, input, call);
      const { grantType } = input;
      const isKnown = Object.values<string>(grantTypes).includes(grantType);
      if (!isKnown) {
        const text = 'The grant type is not supported.';
        throw oauthError('UnsupportedGrantTypeException', text);
      }
      if (!client.grantTypes.includes(grantType)) {
        const text = 'The client is not registered for this grant type.';
        throw oauthError('UnauthorizedClientException', text);
      }
      if (grantType === grantTypes.refreshToken) return refreshed(parts, input, client, call);
      const person =
        grantType === grantTypes.deviceCode
          ? deviceHolder(parts, input, client, call)
          : codeHolder(parts, input, client, call);
      const begun = parts.sso.signIns.begin(person, call.nowMs);
      if (begun === undefined) {
        const text = 'The person who allowed the client can no longer sign in this way.';
        throw oauthError('InvalidGrantException', text);
      }
      const { record, changes } = begun;
      return { ...answer(parts, record, input, client, call), changes: asChanges(changes) };
    },
  });
}

/** The person who has allowed a device. */
function deviceHolder(
  { sso }: SsoParts,
  { deviceCode }: Request,
  { id }: RegisteredClient,
  { nowMs }: CallContext,
): Person {
  if (deviceCode === undefined) throw missing('deviceCode');
  const found = sso.devices.poll(deviceCode, id, nowMs);
  switch (found) {
    case 'pending':
      throw oauthError('AuthorizationPendingException', 'The person has not decided yet.');
    case 'slow-down':
      throw oauthError('SlowDownException', 'The client asks more often than once a second.');
    case 'denied':
      throw oauthError('AccessDeniedException', 'The person has denied the request.');
    case 'expired':
      throw oauthError('ExpiredTokenException', 'The device code has expired.');
    case 'unknown':
      throw oauthError('InvalidGrantException', 'The device code is not valid.');
    default:
      return found;
  }
}

/** The person who has allowed a client on the own machine. */
function codeHolder(
  { sso }: SsoParts,
  { code, redirectUri, codeVerifier: verifier }: Request,
  { id: clientId }: RegisteredClient,
  { nowMs }: CallContext,
): Person {
  if (code === undefined) throw missing('code');
  if (redirectUri === undefined) throw missing('redirectUri');
  if (verifier === undefined) throw missing('codeVerifier');
  const found = sso.codes.take(code, { clientId, redirectUri, verifier }, nowMs);
  if (found) return found;
  throw oauthError('InvalidGrantException', 'The authorization code is not valid.');
}

function refreshed(
  parts: SsoParts,
  input: Request,
  client: RegisteredClient,
  call: CallContext,
): Result<Response> {
  const { refreshToken } = input;
  if (refreshToken === undefined) throw missing('refreshToken');
  const record = parts.sso.signIns.ofRefreshToken(refreshToken, client.id, call.nowMs);
  if (record) return answer(parts, record, input, client, call);
  throw oauthError(
    'InvalidGrantException',
    'The refresh token is not valid, or the sign-in ended.',
  );
}

function answer(
  { sso }: SsoParts,
  record: SignInRecord,
  { grantType }: Request,
  client: RegisteredClient,
  { nowMs }: CallContext,
): Result<Response> {
  // Only clients that ask for scopes expect refresh tokens.
  const isRefreshed = client.scopes.length > 0 && client.grantTypes.includes('refresh_token');
  const { expiresMs } = record;
  const accessMs = isRefreshed ? Math.min(expiresMs, nowMs + refreshedAccessMs) : expiresMs;
  return {
    output: {
      accessToken: sso.tokens.access(record.id, accessMs),
      tokenType: 'Bearer',
      expiresIn: Math.floor((accessMs - nowMs) / 1000),
      ...(isRefreshed && { refreshToken: sso.tokens.refresh(record.id, expiresMs, client.id) }),
    },
    // The id of a client is long.
    auditRequest: { clientName: client.name, grantType },
    caller: sso.assignments.portalCaller(record),
  };
}

function missing(member: string): Error {
  return oauthError('InvalidRequestException', `${member} is missing.`);
}
