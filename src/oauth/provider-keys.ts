// The public keys of a provider.

import type { JSONWebKeySet } from 'jose';
import type { Clock } from '../base/clock.ts';
import { WaxwingError } from '../base/errors.ts';
import { TokenError } from './errors.ts';
import { type OAuthProvider, tokenLimits } from './settings.ts';

/** The time after which keys are fetched again, milliseconds. */
const freshMs = 3_600_000;
/** The time for which keys are used while the provider is away, milliseconds. */
const keptMs = 24 * 3_600_000;
/** The minimum time between two requests, because of unknown keys and after failures, milliseconds. */
const askedAgainMs = 30_000;
const failureKeptMs = 5000;

/**
 * Fetches a JSON document over TLS. The time and the size are limited.
 *
 * @throws {WaxwingError}
 */
export type FetchJson = (url: URL) => Promise<unknown>;

/**
 * Fetches the keys of a provider when they are needed, and keeps them. While new ones are fetched, and if
 * that fails, tokens are verified with the present ones.
 */
export class ProviderKeys {
  readonly #provider: OAuthProvider;
  readonly #fetchJson: FetchJson;
  readonly #clock: Clock;
  readonly #report: (text: string) => void;
  #keys: JSONWebKeySet | undefined = undefined;
  #keptFromMs = 0;
  #askedMs = -Infinity;
  /** The request in progress, or the last one if it failed. */
  #asking: Promise<JSONWebKeySet> | undefined = undefined;

  constructor(
    provider: OAuthProvider,
    fetchJson: FetchJson,
    clock: Clock,
    report: (text: string) => void,
  ) {
    this.#provider = provider;
    this.#fetchJson = fetchJson;
    this.#clock = clock;
    this.#report = report;
  }

  /**
   * The keys.
   *
   * @param isUnknown whether the present keys lack the one that is needed. They are then requested again, at
   *   most every 30 seconds.
   * @throws {TokenError} `provider-unavailable`
   */
  current(isUnknown = false): Promise<JSONWebKeySet> {
    const nowMs = this.#clock.monotonicMs();
    const ageMs = nowMs - this.#keptFromMs;
    const keys = ageMs < keptMs ? this.#keys : undefined;
    if (keys === undefined) return this.#ask(nowMs, failureKeptMs);
    if (isUnknown) return this.#ask(nowMs, askedAgainMs);
    // The answer of this request is for later tokens.
    if (ageMs >= freshMs) this.#ask(nowMs, askedAgainMs).catch(() => {});
    return Promise.resolve(keys);
  }

  /** Asks the provider, unless it was asked a short time ago. */
  #ask(nowMs: number, pauseMs: number): Promise<JSONWebKeySet> {
    if (this.#asking !== undefined && nowMs - this.#askedMs < pauseMs) return this.#asking;
    this.#askedMs = nowMs;
    const asking = this.#fetch();
    this.#asking = asking;
    asking.then(
      (keys) => {
        this.#keys = keys;
        this.#keptFromMs = nowMs;
      },
      (error: Error) => this.#report(error.message),
    );
    return asking;
  }

  async #fetch(): Promise<JSONWebKeySet> {
    const location = this.#provider.keysUrl ?? (await this.#discovered());
    const { keys } = await this.#object(location);
    const { keyCountMax } = tokenLimits;
    if (Array.isArray(keys) && keys.length > 0 && keys.length <= keyCountMax) return { keys };
    throw unavailable(`the key set does not have 1 to ${keyCountMax} keys`);
  }

  async #discovered(): Promise<string> {
    const { discoveryUrl } = this.#provider;
    if (discoveryUrl === null) throw unavailable('neither jwks_uri nor issuer is configured');
    const { jwks_uri: location } = await this.#object(discoveryUrl);
    if (typeof location === 'string' && URL.canParse(location)) return location;
    throw unavailable('the discovery document has no jwks_uri');
  }

  async #object(location: string): Promise<Readonly<Record<string, unknown>>> {
    let found: unknown;
    try {
      found = await this.#fetchJson(new URL(location));
    } catch (cause) {
      if (!(cause instanceof WaxwingError)) throw cause;
      throw unavailable(cause.message, cause);
    }
    if (typeof found === 'object' && found !== null) return found as Record<string, unknown>;
    throw unavailable('the answer is not a JSON object');
  }
}

function unavailable(why: string, cause?: unknown): TokenError {
  const text = `the keys of the OAuth 2.0 provider cannot be fetched: ${why}`;
  return new TokenError('provider-unavailable', text, { cause });
}
