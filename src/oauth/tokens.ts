// Verification of access tokens.

import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { Clock } from '../base/clock.ts';
import { scopesOf, usernameOf } from './claims.ts';
import { TokenError } from './errors.ts';
import { type FetchJson, ProviderKeys } from './provider-keys.ts';
import { ScopeRights } from './scope-rights.ts';
import {
  type OAuthProvider,
  type OAuthSettings,
  type ResourceServer,
  tokenLimits,
} from './settings.ts';

type Jose = typeof import('jose');
type KeyFinder = ReturnType<Jose['createLocalJWKSet']>;

/** A token that was accepted. */
export interface AcceptedToken {
  readonly username: string;
  readonly rights: ScopeRights;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** The parts that the verification needs. */
export interface TokenParts {
  readonly settings: OAuthSettings;
  /** Returns the function that fetches documents of a provider. */
  readonly fetcher: (provider: OAuthProvider) => FetchJson;
  readonly clock: Clock;
  /** Receives problems that an operator should know about, without tokens. */
  readonly report: (text: string) => void;
}

/** Verifies access tokens: JSON web tokens (RFC 7519) with a signature. */
export class Tokens {
  readonly #settings: OAuthSettings;
  readonly #clock: Clock;
  readonly #report: (text: string) => void;
  readonly #providers: ReadonlyMap<string, readonly [OAuthProvider, ProviderKeys]>;
  /** Tokens that are being verified, by source. */
  readonly #verifying = new Map<string, number>();
  #verifyingCount = 0;
  /** The functions that find a key, which keep what they have imported. */
  readonly #finders = new WeakMap<JSONWebKeySet, KeyFinder>();

  constructor({ settings, fetcher, clock, report }: TokenParts) {
    this.#settings = settings;
    this.#clock = clock;
    this.#report = report;
    this.#providers = new Map(
      settings.providers.map((provider) => {
        const keys = new ProviderKeys(provider, fetcher(provider), clock, report);
        return [provider.id, [provider, keys]];
      }),
    );
  }

  /**
   * Verifies a token.
   *
   * @param source the source of the client, whose number of tokens at a time is limited
   * @throws {TokenError}
   */
  async verify(token: string, source: string): Promise<AcceptedToken> {
    const { tokenLengthMax, verifyingCountMax, verifyingPerSourceMax } = tokenLimits;
    if (token.length > tokenLengthMax || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
      throw refused('it is not a signed token in compact form');
    }
    const ofSource = this.#verifying.get(source) ?? 0;
    if (this.#verifyingCount >= verifyingCountMax || ofSource >= verifyingPerSourceMax) {
      throw new TokenError('busy', 'too many tokens are being verified');
    }
    this.#count(source, 1);
    try {
      return await this.#verify(token, await import('jose'));
    } catch (error) {
      if (error instanceof TokenError && error.code === 'token-refused') {
        this.#report(`an OAuth 2.0 token was refused: ${error.message}`);
      }
      throw error;
    } finally {
      this.#count(source, -1);
    }
  }

  #count(source: string, change: 1 | -1): void {
    this.#verifyingCount += change;
    const count = (this.#verifying.get(source) ?? 0) + change;
    if (count === 0) this.#verifying.delete(source);
    else this.#verifying.set(source, count);
  }

  async #verify(token: string, jose: Jose): Promise<AcceptedToken> {
    const server = serverFor(audienceOf(token, jose), this.#settings.resourceServers);
    const [provider, keys] = this.#providers.get(server.provider) ?? [];
    if (provider === undefined || keys === undefined)
      throw refused('its provider is not configured');
    const claims = await this.#signed(token, provider, keys, jose);
    const { exp } = claims;
    // The library has compared the time already, but not how exactly it is stated.
    if (exp === undefined || !Number.isFinite(exp)) throw refused('it does not expire');
    const username = usernameOf(claims, server);
    const rights = new ScopeRights(scopesOf(claims, server), claims);
    return { username, rights, expiresAtMs: Math.floor(exp) * 1000 };
  }

  async #signed(
    token: string,
    provider: OAuthProvider,
    keys: ProviderKeys,
    jose: Jose,
  ): Promise<JWTPayload> {
    const { JWKSNoMatchingKey } = jose.errors;
    try {
      return await this.#signedBy(await keys.current(), token, provider, jose);
    } catch (error) {
      if (!(error instanceof JWKSNoMatchingKey)) throw inWords(error, jose);
    }
    try {
      return await this.#signedBy(await keys.current(true), token, provider, jose);
    } catch (error) {
      throw inWords(error, jose);
    }
  }

  async #signedBy(
    set: JSONWebKeySet,
    token: string,
    { algorithms, defaultKey }: OAuthProvider,
    jose: Jose,
  ): Promise<JWTPayload> {
    const { kid } = jose.decodeProtectedHeader(token);
    const isDefault = kid === undefined && defaultKey !== null;
    const finder = isDefault
      ? jose.createLocalJWKSet({ keys: set.keys.filter((key) => key.kid === defaultKey) })
      : this.#finderOf(set, jose);
    const { payload } = await jose.jwtVerify(token, finder, {
      algorithms: [...algorithms],
      currentDate: new Date(this.#clock.nowMs()),
      requiredClaims: ['exp'],
    });
    return payload;
  }

  #finderOf(set: JSONWebKeySet, jose: Jose): KeyFinder {
    const finder = this.#finders.get(set) ?? jose.createLocalJWKSet(set);
    this.#finders.set(set, finder);
    return finder;
  }
}

/** The audience that a token names, not verified. */
function audienceOf(token: string, { decodeJwt }: Jose): readonly string[] {
  let audience: unknown;
  try {
    ({ aud: audience } = decodeJwt(token));
  } catch (cause) {
    throw refused('it is malformed', cause);
  }
  const list = typeof audience === 'string' ? audience.split(' ') : audience;
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
}

/**
 * The service that a token was issued for: the one in its audience, or the only one that does not compare
 * audiences.
 *
 * @throws {TokenError} `token-refused`
 */
export function serverFor(
  audience: readonly string[],
  servers: readonly ResourceServer[],
): ResourceServer {
  const [named, another] = servers.filter(({ id }) => audience.includes(id));
  if (another !== undefined) throw refused('its audience names several of the resource servers');
  if (named !== undefined) return named;
  const [only, other] = servers.filter(({ verifiesAudience }) => !verifiesAudience);
  if (only !== undefined && other === undefined) return only;
  throw refused('its audience does not name a resource server');
}

/** The reason in words that contain nothing of the token. */
function inWords(error: unknown, { errors }: Jose): unknown {
  if (error instanceof errors.JWTExpired) return refused('it has expired', error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const isMissing = error.reason === 'missing';
    return refused(`the claim ${error.claim} is ${isMissing ? 'missing' : 'not valid'}`, error);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused('its signature is not valid', error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return refused('its algorithm is not allowed', error);
  }
  const isUnknown =
    error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
  if (isUnknown) return refused('no key of its provider fits', error);
  return error instanceof errors.JOSEError || error instanceof TypeError
    ? refused('it is malformed', error)
    : error;
}

function refused(why: string, cause?: unknown): TokenError {
  return new TokenError('token-refused', why, { cause });
}
