// Code that the operations of single sign-on share.

import { AwsError } from '../../aws/errors.ts';
import type { Change } from '../../aws/service.ts';
import { sourceOf } from '../../base/address.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { RegisteredClient } from '../../identity/sso/clients.ts';
import type { SignInRecord, SsoChange } from '../../identity/sso/sign-in-record.ts';
import type { Sso } from '../../identity/sso/sso.ts';

/** The parts that the operations of single sign-on need. */
export interface SsoParts {
  readonly sso: Sso;
  /** The address of the sign-in pages: `https://localhost:8443`. */
  readonly baseUrl: () => string;
  /** The alias of the account; undefined if it has none. */
  readonly accountName: () => string | undefined;
  /** Resolves in a later turn of the event loop. */
  readonly nextTurn: () => Promise<void>;
  /** Called for each request that is answered and not recorded. See {@link limitRate}. */
  readonly notRecorded: (action: string, sourceIp: string) => void;
}

/** The errors of SSO OIDC, with their names in OAuth 2.0 and their statuses. */
export const oauthErrors = {
  AccessDeniedException: ['access_denied', 400],
  AuthorizationPendingException: ['authorization_pending', 400],
  ExpiredTokenException: ['expired_token', 400],
  InvalidClientException: ['invalid_client', 401],
  InvalidClientMetadataException: ['invalid_client_metadata', 400],
  InvalidGrantException: ['invalid_grant', 400],
  InvalidRedirectUriException: ['invalid_redirect_uri', 400],
  InvalidRequestException: ['invalid_request', 400],
  SlowDownException: ['slow_down', 400],
  UnauthorizedClientException: ['unauthorized_client', 400],
  UnsupportedGrantTypeException: ['unsupported_grant_type', 400],
} as const;

/** Answers that clients expect while they wait. */
const routine: ReadonlySet<string> = new Set([
  'AuthorizationPendingException',
  'SlowDownException',
]);

/** An error of SSO OIDC. */
export function oauthError(code: keyof typeof oauthErrors, description: string): AwsError {
  const [error, status] = oauthErrors[code];
  const members = { error, error_description: description };
  return new AwsError(code, description, { status, members, isRoutine: routine.has(code) });
}

/** Changes of the journal of sign-ins. */
export function asChanges(changes: readonly SsoChange[]): readonly Change[] {
  return changes.map((change) => ({ journal: 'sso', change }));
}

/**
 * Limits requests of clients that nobody has authenticated. Each source has a rate. If all sources
 * together send too many, nobody is refused for it; the requests are only counted in the log, so that
 * the trail is not filled.
 *
 * @returns whether the trail shows the request
 * @throws {AwsError} `SlowDownException`
 */
export function limitRate(parts: SsoParts, action: string, { sourceIp }: CallContext): boolean {
  const taken = parts.sso.unauthenticated.take(sourceOf(sourceIp));
  if (taken === 'none-of-source') {
    const text = 'There are too many requests of this address; try again later.';
    throw oauthError('SlowDownException', text);
  }
  if (taken === 'none-of-all') parts.notRecorded(action, sourceIp);
  return taken === 'taken';
}

/** @throws {AwsError} `InvalidClientException` */
export function requireClient(
  { sso }: SsoParts,
  { clientId, clientSecret }: { readonly clientId: string; readonly clientSecret: string },
  { nowMs }: CallContext,
): RegisteredClient {
  const client = sso.clients.authenticate(clientId, clientSecret, nowMs);
  if (client) return client;
  throw oauthError(
    'InvalidClientException',
    'The client or its secret is not valid, or has expired.',
  );
}

/**
 * The sign-in of an access token.
 *
 * @throws {AwsError} `UnauthorizedException`
 */
export function requireSignIn(
  { sso }: SsoParts,
  accessToken: string,
  { nowMs }: CallContext,
): SignInRecord {
  const record = sso.signIns.ofAccessToken(accessToken, nowMs);
  if (record) return record;
  throw new AwsError('UnauthorizedException', 'Session token not found or invalid', {
    status: 401,
  });
}
