// The public keys of OIDC providers.

import type { JSONWebKeySet } from 'jose';
import type { Clock } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { IamError } from '../accounts/errors.ts';

/** Maximum number of providers whose keys are kept. */
const setCountMax = 100;
/** Maximum number of keys in the key set of a provider. */
const keyCountMax = 200;
/** The time for which keys are used without asking again, milliseconds. */
const keptMs = 3_600_000;
/** The minimum time between two requests for the keys of a provider, milliseconds. */
const askedAgainMs = 30_000;

/**
 * Fetches a JSON document over TLS. The time and the size are limited.
 *
 * @throws {WaxwingError}
 */
export type FetchJson = (url: URL) => Promise<unknown>;

/** The keys of one provider, or the reason why there are none. */
interface KeptKeys {
  /** The time of the last request for keys. */
  readonly askedMs: number;
  /** The time of the request that brought these keys. */
  readonly keptFromMs: number;
  readonly keys: Promise<JSONWebKeySet>;
  /** The keys that were requested again, for a token whose key is unknown. */
  readonly newer?: Promise<JSONWebKeySet>;
}

/** Gets the public keys of OIDC providers, and keeps them for a while. */
export class KeySets {
  readonly #fetchJson: FetchJson;
  readonly #clock: Clock;
  /** By issuer; the one that was asked longest ago is first. */
  readonly #kept = new Map<string, KeptKeys>();

  constructor(fetchJson: FetchJson, clock: Clock) {
    this.#fetchJson = fetchJson;
    this.#clock = clock;
  }

  /**
   * The keys of an issuer.
   *
   * @param isUnknown whether the kept keys lack the key that is needed; they are then requested again,
   *   at most every 30 seconds
   * @throws {IamError} 'IDPCommunicationError', 'InvalidIdentityToken'
   */
  of(issuer: string, isUnknown = false): Promise<JSONWebKeySet> {
    const nowMs = this.#clock.monotonicMs();
    const kept = this.#kept.get(issuer);
    if (kept !== undefined && nowMs - kept.keptFromMs < keptMs) {
      return isUnknown ? this.#again(issuer, kept, nowMs) : kept.keys;
    }
    const keys = this.#ask(issuer);
    this.#keep(issuer, { askedMs: nowMs, keptFromMs: nowMs, keys });
    keys.catch(() => this.#forgetSoon(issuer, nowMs));
    return keys;
  }

  /**
   * Requests keys again. Meanwhile, and if that fails, other tokens are verified with the present ones, so
   * that a token with an unknown key does not stop them while the provider is away.
   */
  #again(issuer: string, kept: KeptKeys, nowMs: number): Promise<JSONWebKeySet> {
    if (nowMs - kept.askedMs < askedAgainMs) return kept.newer ?? kept.keys;
    const newer = this.#ask(issuer);
    const asked = { ...kept, askedMs: nowMs, newer };
    this.#keep(issuer, asked);
    const replace = (by: KeptKeys) => {
      if (this.#kept.get(issuer) === asked) this.#keep(issuer, by);
    };
    newer.then(
      () => replace({ askedMs: nowMs, keptFromMs: nowMs, keys: newer }),
      () => replace({ ...asked, askedMs: nowMs - askedAgainMs + failureKeptMs }),
    );
    return newer;
  }

  /** Keeps a failure for as long as keys are not requested again. */
  #forgetSoon(issuer: string, askedMs: number): void {
    const forget = () => {
      if (this.#kept.get(issuer)?.askedMs === askedMs) this.#kept.delete(issuer);
    };
    this.#clock.setTimeout(forget, failureKeptMs).unref();
  }

  #keep(issuer: string, kept: KeptKeys): void {
    this.#kept.delete(issuer);
    this.#kept.set(issuer, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > setCountMax && oldest !== undefined) this.#kept.delete(oldest);
  }

  async #ask(issuer: string): Promise<JSONWebKeySet> {
    const base = issuer.replace(/\/$/, '');
    const found = await this.#get(new URL(`${base}/.well-known/openid-configuration`));
    const { issuer: named, jwks_uri: location } = found;
    if (named !== issuer) {
      throw communication('The discovery document of the identity provider names another issuer.');
    }
    if (typeof location !== 'string' || !URL.canParse(location)) {
      throw communication('The discovery document of the identity provider has no jwks_uri.');
    }
    const { keys } = await this.#get(new URL(location));
    if (!Array.isArray(keys) || keys.length > keyCountMax) {
      throw new IamError('InvalidIdentityToken', noKeys);
    }
    return { keys };
  }

  async #get(url: URL): Promise<Readonly<Record<string, unknown>>> {
    let found: unknown;
    try {
      found = await this.#fetchJson(url);
    } catch (cause) {
      if (!(cause instanceof WaxwingError)) throw cause;
      throw communication(`The identity provider did not answer: ${cause.message}`, cause);
    }
    if (typeof found === 'object' && found !== null) return found as Record<string, unknown>;
    throw new IamError('InvalidIdentityToken', noKeys);
  }
}

/** The time for which a failure is kept, so that tokens do not cause a request each, milliseconds. */
const failureKeptMs = 5000;

const noKeys =
  "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements";

function communication(message: string, cause?: unknown): IamError {
  return new IamError('IDPCommunicationError', message, { cause });
}
