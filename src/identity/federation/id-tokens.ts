// Verification of the tokens of OIDC providers.

import type { JWTPayload } from 'jose';
import { sourceOf } from '../../base/address.ts';
import type { Clock } from '../../base/clock.ts';
import { IamError } from '../accounts/errors.ts';
import type { KeySets } from './key-sets.ts';
import type { ProviderRecord } from './provider-record.ts';
import type { OidcProviders } from './providers.ts';

/**
 * The permitted signature algorithms. None is symmetric, so that a public key never serves as a shared
 * secret.
 */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
] as const;
/** The difference of clocks that is tolerated for the start of a token, seconds. */
const skewSeconds = 60;
/** Maximum number of tokens that are verified at the same time, of all sources and of one. */
const verifyingCountMax = { ofAll: 64, ofSource: 16 };

/** A verified token. */
export interface VerifiedToken {
  readonly provider: ProviderRecord;
  readonly subject: string;
  /** The client for which the token was issued: `azp` if the token has it, otherwise `aud`. */
  readonly audience: string;
  readonly claims: JWTPayload;
}

/** The parts that the verification needs. */
interface TokenParts {
  readonly providers: OidcProviders;
  readonly keySets: KeySets;
  readonly clock: Clock;
}

type Jose = typeof import('jose');

/** Verifies tokens of the account's OIDC providers. */
export class IdTokens {
  readonly #parts: TokenParts;
  /** Tokens that are being verified, by source. */
  readonly #verifying = new Map<string, number>();
  #verifyingCount = 0;

  constructor(parts: TokenParts) {
    this.#parts = parts;
  }

  /**
   * Verifies a token.
   *
   * @param peerAddress the address of its sender
   * @throws {IamError} 'InvalidIdentityToken', 'ExpiredTokenException', 'IDPCommunicationError',
   *   'IDPRejectedClaim'; 'Throttling' if too many tokens are being verified
   */
  async verify(token: string, peerAddress: string): Promise<VerifiedToken> {
    const source = sourceOf(peerAddress);
    const ofSource = this.#verifying.get(source) ?? 0;
    const { ofAll, ofSource: ofSourceMax } = verifyingCountMax;
    if (this.#verifyingCount >= ofAll || ofSource >= ofSourceMax) {
      throw new IamError('Throttling', 'Too many tokens are being verified; try again.');
    }
    this.#count(source, 1);
    try {
      return await this.#verify(token, await import('jose'));
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

  async #verify(token: string, jose: Jose): Promise<VerifiedToken> {
    const issuer = issuerOf(token, jose);
    const provider = this.#parts.providers.ofIssuer(issuer);
    if (provider === undefined) {
      throw invalid(`No OpenIDConnect provider found in your account for ${issuer}`);
    }
    const claims = await this.#signed(token, issuer, jose);
    return { provider, claims, ...requiredClaims(claims, provider) };
  }

  /** Verifies the signature and the times of a token. */
  async #signed(token: string, issuer: string, jose: Jose): Promise<JWTPayload> {
    try {
      return await this.#signedBy(token, issuer, jose, false);
    } catch (error) {
      if (!(error instanceof jose.errors.JWKSNoMatchingKey)) throw this.#inWords(error, jose);
    }
    try {
      return await this.#signedBy(token, issuer, jose, true);
    } catch (error) {
      throw this.#inWords(error, jose);
    }
  }

  #inWords(error: unknown, jose: Jose): unknown {
    if (!(error instanceof jose.errors.JWTExpired)) return inWordsOf(error, jose);
    return expired(this.#parts.clock.nowMs(), error.payload.exp ?? 0, error);
  }

  async #signedBy(token: string, issuer: string, jose: Jose, isUnknown: boolean) {
    const { keySets, clock } = this.#parts;
    const keys = jose.createLocalJWKSet(await keySets.of(issuer, isUnknown));
    const nowMs = clock.nowMs();
    const { payload } = await jose.jwtVerify(token, keys, {
      algorithms: [...algorithms],
      issuer,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp', 'iat', 'sub', 'aud'],
      clockTolerance: skewSeconds,
    });
    checkTimes(payload, nowMs);
    return payload;
  }
}

/** The issuer that a token names, not verified. */
function issuerOf(token: string, { decodeJwt }: Jose): string {
  let issuer: unknown;
  try {
    ({ iss: issuer } = decodeJwt(token));
  } catch (cause) {
    throw invalid(notAToken, cause);
  }
  if (typeof issuer === 'string') return issuer.slice(0, 2048);
  throw invalid('Missing a required claim: iss');
}

/** The tolerance of clocks is for the start of a token, not for its end. */
function checkTimes({ exp = 0, iat = 0 }: JWTPayload, nowMs: number): void {
  if (exp * 1000 <= nowMs) throw expired(nowMs, exp);
  if ((iat - skewSeconds) * 1000 > nowMs) {
    throw invalid('The token was issued in the future: check the clocks of both servers.');
  }
}

/** Checks for whom and about whom a token was issued. */
function requiredClaims(
  { aud = [], azp, sub }: JWTPayload,
  { clientIds }: ProviderRecord,
): Pick<VerifiedToken, 'audience' | 'subject'> {
  const audience = [aud].flat().find((each) => clientIds.includes(each));
  if (audience === undefined) throw invalid('Incorrect token audience');
  if (typeof sub !== 'string' || sub === '' || sub.length > subjectCharactersMax) {
    throw invalid(`The claim sub must have 1 to ${subjectCharactersMax} characters.`);
  }
  if (azp === undefined) return { audience, subject: sub };
  if (typeof azp === 'string' && clientIds.includes(azp)) return { audience: azp, subject: sub };
  throw new IamError('IDPRejectedClaim', 'The claim azp names a client that is not registered.');
}

/** Maximum length of the claim `sub` (OpenID Connect Core, section 2). */
const subjectCharactersMax = 255;

const notAToken =
  'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';

function inWordsOf(error: unknown, { errors }: Jose): unknown {
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing')
      return invalid(`Missing a required claim: ${error.claim}`, error);
    return invalid(`The claim ${error.claim} is not valid.`, error);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return invalid('The signature of the token is not valid.', error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return invalid(
      `The token's algorithm is not allowed; use one of ${algorithms.join(', ')}.`,
      error,
    );
  }
  if (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return invalid(
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
      error,
    );
  }
  return error instanceof errors.JOSEError || error instanceof TypeError
    ? invalid(notAToken, error)
    : error;
}

function expired(nowMs: number, exp: number, cause?: unknown): IamError {
  const nowSeconds = Math.floor(nowMs / 1000);
  return new IamError(
    'ExpiredTokenException',
    `Token expired: current date/time ${nowSeconds} must be before the expiration date/time ${exp}`,
    { cause },
  );
}

function invalid(message: string, cause?: unknown): IamError {
  return new IamError('InvalidIdentityToken', message, { cause });
}
