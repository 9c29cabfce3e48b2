// Settings that are decided at the first start of a data folder.

import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import type { Entry, Journal } from '../storage/journal.ts';

/** Changes to the settings that the first start decides permanently. */
export type InstallationChange =
  | { readonly type: 'founded'; readonly region: string }
  | {
      readonly type: 'default-broker-wanted';
      readonly username: string;
      /** Base64. */
      readonly sealedPassword: string;
    }
  | { readonly type: 'default-broker-made'; readonly brokerId: string }
  | ({ readonly type: 'metrics-token' } & TokenRecord)
  | ({ readonly type: 'root-key' } & RootKeyFacts);

/** What is known of the root key. It contains no secret. */
export interface RootKeyFacts {
  /** One of the kinds of sources, such as `file`. */
  readonly kind: string;
  /** Names a key on a token or of KMS. Empty for other sources. */
  readonly label: string;
  /** Since when it is the root key, milliseconds since 1970; null if an earlier release made it. */
  readonly sinceMs: number | null;
  /** Identifies the change that made it the root key; null if an earlier release made it. */
  readonly changeId: string | null;
}

/** The token for the metrics, and the one before it while that is accepted. */
interface TokenRecord {
  /** Base64. */
  readonly sealedToken: string;
  readonly previous?: {
    /** Base64. */
    readonly sealedToken: string;
    /** The moment from which it is refused, milliseconds since 1970. */
    readonly endsMs: number;
  };
}

/** The broker that the first start creates, and its log-in. */
export interface DefaultBroker {
  readonly username: string;
  readonly password: Secret<string>;
  /** Undefined until the broker was created. */
  readonly brokerId: string | undefined;
}

const tokenContext = 'waxwing installation: token for metrics';
const passwordContext = 'waxwing installation: password of the default broker';
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const passwordLength = 24;

/** The settings that were decided at the first start: the region, and the broker `default`. */
export class Installation implements Journal<InstallationChange> {
  readonly name = 'installation';
  readonly #sealingKey: KeyObject;
  #region: string | undefined = undefined;
  #requested: { readonly username: string; readonly sealedPassword: string } | undefined =
    undefined;
  #brokerId: string | undefined = undefined;
  #token: TokenRecord | undefined = undefined;
  #rootKey: RootKeyFacts | undefined = undefined;

  /** @param sealingKey 256 bits, used for nothing else */
  constructor(sealingKey: KeyObject) {
    this.#sealingKey = sealingKey;
  }

  /** Undefined before the first start has recorded it. */
  get region(): string | undefined {
    return this.#region;
  }

  /** Returns the entries that set the region of the data folder permanently. */
  initialize(region: string): Entry[] {
    return [this.#entry({ type: 'founded', region })];
  }

  /** Returns the entries that request a default broker with this password. */
  requestDefaultBroker(username: string, password: Secret<string>): Entry[] {
    const sealedPassword = this.#seal(passwordContext, password.reveal());
    return [this.#entry({ type: 'default-broker-wanted', username, sealedPassword })];
  }

  /**
   * Returns the entries that record the created default broker, so that it is not created again
   * after a deletion.
   */
  recordDefaultBroker(brokerId: string): Entry[] {
    return [this.#entry({ type: 'default-broker-made', brokerId })];
  }

  /** Returns the entries that create the token for the metrics. */
  makeMetricsToken(random: Random): Entry[] {
    const sealedToken = this.#seal(tokenContext, newPassword(random).reveal());
    return [this.#entry({ type: 'metrics-token', sealedToken })];
  }

  /**
   * Returns a new token for the metrics, and the entries that replace the present one by it. Only one
   * earlier token is kept: one that was replaced before ends at once.
   *
   * @param previousEndsMs the moment from which the present token is refused
   */
  replaceMetricsToken(random: Random, previousEndsMs: number) {
    const token = newPassword(random);
    const { sealedToken: former } = this.#token ?? {};
    const sealedToken = this.#seal(tokenContext, token.reveal());
    const previous = former && { sealedToken: former, endsMs: previousEndsMs };
    const entry = this.#entry({
      type: 'metrics-token',
      sealedToken,
      ...(previous && { previous }),
    });
    return { token, entries: [entry] };
  }

  /** Returns the entries that record another password of the default broker's user. */
  replacePassword(password: Secret<string>): Entry[] {
    assert(this.#requested !== undefined, 'there is no default broker');
    return this.requestDefaultBroker(this.#requested.username, password);
  }

  /** The default broker; undefined if none was requested. */
  get defaultBroker(): DefaultBroker | undefined {
    if (this.#requested === undefined) return undefined;
    const { username, sealedPassword } = this.#requested;
    const password = this.#open(passwordContext, sealedPassword);
    return { username, password, brokerId: this.#brokerId };
  }

  /** The token for the metrics; undefined before it was created. */
  get metricsToken(): Secret<string> | undefined {
    return this.#token && this.#open(tokenContext, this.#token.sealedToken);
  }

  /** The tokens that are accepted at a time, the present one first. */
  metricsTokens(nowMs: number): readonly Secret<string>[] {
    if (this.#token === undefined) return [];
    const { sealedToken, previous } = this.#token;
    const former = previous !== undefined && nowMs < previous.endsMs ? [previous.sealedToken] : [];
    return [sealedToken, ...former].map((sealed) => this.#open(tokenContext, sealed));
  }

  /** The root key that was recorded last; undefined before the first record. */
  get rootKey(): RootKeyFacts | undefined {
    return this.#rootKey;
  }

  /** Returns the entries that record the present root key. */
  recordRootKey({ kind, label, sinceMs, changeId }: RootKeyFacts): Entry[] {
    return [this.#entry({ type: 'root-key', kind, label, sinceMs, changeId })];
  }

  #seal(context: string, text: string): string {
    const bytes = Buffer.from(text);
    const sealed = sealValue(this.#sealingKey, context, bytes);
    bytes.fill(0);
    return sealed.toString('base64');
  }

  #open(context: string, sealed: string): Secret<string> {
    const bytes = openValue(this.#sealingKey, context, Buffer.from(sealed, 'base64'));
    const secret = new Secret(bytes.toString());
    bytes.fill(0);
    return secret;
  }

  apply(change: InstallationChange): void {
    if (change.type === 'founded') this.#region = change.region;
    else if (change.type === 'default-broker-wanted') this.#requested = change;
    else if (change.type === 'metrics-token') this.#token = change;
    else if (change.type === 'root-key') this.#rootKey = change;
    else this.#brokerId = change.brokerId;
  }

  *snapshot(): Iterable<InstallationChange> {
    if (this.#region !== undefined) yield { type: 'founded', region: this.#region };
    if (this.#requested !== undefined) yield { ...this.#requested, type: 'default-broker-wanted' };
    if (this.#brokerId !== undefined) {
      yield { type: 'default-broker-made', brokerId: this.#brokerId };
    }
    if (this.#token !== undefined) yield { ...this.#token, type: 'metrics-token' };
    if (this.#rootKey !== undefined) yield { ...this.#rootKey, type: 'root-key' };
  }

  #entry(change: InstallationChange): Entry {
    return { journal: this.name, change };
  }
}

/**
 * Generates a password: 24 of 57 letters and digits that need no quoting in a shell or URL (139
 * bits).
 */
export function newPassword(random: Random): Secret<string> {
  const unbiased = 256 - (256 % letters.length);
  let password = '';
  while (password.length < passwordLength) {
    for (const byte of random.bytes(passwordLength)) {
      if (byte < unbiased && password.length < passwordLength) {
        password += letters[byte % letters.length];
      }
    }
  }
  return new Secret(password);
}
