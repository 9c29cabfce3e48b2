// Authentication of HTTP requests by Signature Version 4.

import type { Clock } from '../../base/clock.ts';
import type { Secret } from '../../base/secret.ts';
import type { Caller } from '../../calls/caller.ts';
import type { HttpRequest, RequestHead } from '../../net/http/message.ts';
import { RequestError } from '../errors.ts';
import { type CredentialScope, type SignatureParts, signatureParts } from './signature-parts.ts';
import { checkSignatureTime } from './signature-time.ts';
import {
  checkedBodyHash,
  checkSignedHeaders,
  claimedBodyHash,
  signingKey,
  verifySignature,
} from './sigv4.ts';

/** An active access key and its owner. */
export interface AccessKey {
  readonly caller: Caller;
  /** Unseals the secret access key for one use. */
  readonly secret: () => Secret<string>;
}

/** The result of authenticating a request without its body. */
export interface Claim {
  readonly caller: Caller;
  /** The service that the signature is for. */
  readonly service: string;
  /** Whether the signature is verified, so that only the body's hash remains to be checked. */
  readonly isProven: boolean;
  /**
   * Verifies the claim against the body.
   *
   * @throws {RequestError} `signature-mismatch`; `unknown-access-key` or `expired-token` if the key
   *   has ended since
   */
  readonly prove: (body: Buffer) => void;
}

/** The parts that authentication needs. */
export interface AuthenticatorOptions {
  /**
   * Returns the active access key with this id; undefined if there is none, or if the session token
   * does not belong to it; `expired` if its session has ended.
   */
  readonly findAccessKey: (
    accessKeyId: string,
    sessionToken: string | undefined,
    nowMs: number,
  ) => AccessKey | 'expired' | undefined;
  readonly region: string;
  /** Global services, whose signatures may also name this region. */
  readonly globalRegion: { readonly name: string; readonly services: readonly string[] };
  readonly clock: Clock;
}

/** The syntax of a signing name. */
const signingName = /^[a-z0-9-]{1,64}$/;

/** Maximum number of cached signing keys. There is one per access key, day, region and service. */
const signingKeysMax = 256;

/** Authenticates callers by their signatures (Signature Version 4). */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #signingKeys = new Map<string, Buffer>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * Returns the caller that signed a request.
   *
   * @param serviceName the signing name of the called service
   * @throws {RequestError} `missing-authentication`, `incomplete-signature`, `unknown-access-key`,
   *   `signature-mismatch`, `expired-token`
   */
  authenticate(request: HttpRequest, serviceName: string): Caller {
    const claim = this.claim(request, serviceName);
    claim.prove(request.body);
    return claim.caller;
  }

  /**
   * Checks everything that can be checked before the body is read: the format of the signature, the
   * access key, the scope and the time. If the request states the hash of its body, the signature
   * is verified too.
   *
   * @param serviceName the signing name of the called service; undefined if only the body names the
   *   service, so that the signature may be for any service
   * @throws {RequestError} see {@link authenticate}
   */
  claim(request: RequestHead, serviceName: string | undefined): Claim {
    const parts = signatureParts(request);
    const key = this.#accessKey(parts);
    try {
      return this.#claimOf(request, parts, key, serviceName);
    } catch (error) {
      if (error instanceof RequestError) error.accessKeyId = parts.accessKeyId;
      throw error;
    }
  }

  #accessKey({ accessKeyId, sessionToken }: SignatureParts): AccessKey {
    const { findAccessKey, clock } = this.#options;
    const found = findAccessKey(accessKeyId, sessionToken, clock.nowMs());
    if (found === undefined) {
      const text = 'The security token included in the request is invalid.';
      throw new RequestError('unknown-access-key', text);
    }
    if (found !== 'expired') return found;
    const text = 'The security token included in the request is expired';
    throw new RequestError('expired-token', text);
  }

  #claimOf(
    request: RequestHead,
    parts: SignatureParts,
    key: AccessKey,
    serviceName: string | undefined,
  ): Claim {
    this.#checkScope(parts, serviceName);
    checkSignatureTime(parts.atMs, parts.expiresSeconds, this.#options.clock.nowMs());
    checkSignedHeaders(request, parts);
    const claimed = claimedBodyHash(request);
    const verify = (bodyHash: string) =>
      verifySignature(request, parts, this.#signingKey(parts, key), bodyHash);
    if (claimed !== undefined) verify(claimed);
    return {
      caller: { ...key.caller, accessKeyId: parts.accessKeyId },
      service: parts.scope.service,
      isProven: claimed !== undefined,
      prove: (body) => {
        const hash = checkedBodyHash(body, claimed);
        if (claimed === undefined) verify(hash);
        // The body may have taken long: the key, or its session, may have ended meanwhile.
        this.#accessKey(parts);
      },
    };
  }

  #checkScope({ scope, time }: SignatureParts, serviceName: string | undefined): void {
    const own = signingName.test(scope.service) ? scope.service : '';
    const wrong = this.#wrongInScope(scope, time, serviceName ?? own);
    if (wrong !== undefined) throw new RequestError('signature-mismatch', wrong);
  }

  #wrongInScope(scope: CredentialScope, time: string, serviceName: string): string | undefined {
    const day = time.slice(0, 8);
    if (scope.date !== day) {
      return (
        'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from ' +
        `HTTP: '${scope.date}' != '${day}', from '${time}'.`
      );
    }
    if (scope.terminator !== 'aws4_request') {
      return (
        "Credential should be scoped with a valid terminator: 'aws4_request', " +
        `not '${scope.terminator}'.`
      );
    }
    if (!this.#isRegionOf(scope.region, serviceName)) {
      return `Credential should be scoped to a valid region, not '${scope.region}'.`;
    }
    if (scope.service !== serviceName) {
      return `Credential should be scoped to correct service: '${serviceName}'.`;
    }
    return undefined;
  }

  #isRegionOf(region: string, serviceName: string): boolean {
    const { region: own, globalRegion } = this.#options;
    if (region === own) return true;
    return region === globalRegion.name && globalRegion.services.includes(serviceName);
  }

  #signingKey({ accessKeyId, scope }: SignatureParts, key: AccessKey): Buffer {
    const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`;
    const known = this.#signingKeys.get(name);
    if (known) return known;
    const made = signingKey(key.secret().reveal(), scope);
    if (this.#signingKeys.size >= signingKeysMax) {
      // Removes the oldest entry: a Map keeps insertion order.
      const oldest = this.#signingKeys.keys().next();
      if (!oldest.done) this.#signingKeys.delete(oldest.value);
    }
    this.#signingKeys.set(name, made);
    return made;
  }
}
