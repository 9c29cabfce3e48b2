// Outbound web identity federation: tokens with which principals of the account prove to others who they
// are.

import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '../../base/random.ts';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';
import { IamError } from '../accounts/errors.ts';
import type { IamJournal } from '../accounts/iam-journal.ts';
import { changed, type IamResult } from '../accounts/result.ts';
import {
  type WebIdentityAlgorithm,
  type WebIdentityKeyRecord,
  type WebIdentityRecord,
  webIdentityAlgorithms,
} from './web-identity-record.ts';

/** The path of issuers, below the address of the API. The id of the issuer follows. */
export const webIdentityPath = '/web-identity';

/**
 * Maximum size of the claims of a token, bytes. A token with them fits into the 8 KiB that an AMQP frame
 * can have before the log-in.
 */
const claimsBytesMax = 5 * 1024;

const generate = promisify(generateKeyPair);

/**
 * The issuer of the account's web identity tokens. Its private keys are stored sealed, and opened for
 * each signature. As in AWS, `disable` ends the issue of tokens, and not the tokens that were issued: the
 * public keys stay published. New keys come with the next `enable`.
 */
export class WebIdentityTokens {
  readonly #journal: IamJournal;
  readonly #sealingKey: KeyObject;
  readonly #random: Random;
  /** Keys that are being generated. Calls at the same time share them. */
  #generating: Promise<readonly WebIdentityKeyRecord[]> | undefined = undefined;

  /** @param sealingKey 256 bits */
  constructor(journal: IamJournal, sealingKey: KeyObject, random: Random) {
    this.#journal = journal;
    this.#sealingKey = sealingKey;
    this.#random = random;
  }

  /** The issuer, even if it is disabled; undefined if it was never enabled. */
  get issuer(): WebIdentityRecord | undefined {
    return this.#journal.account.webIdentity;
  }

  /**
   * The id of the issuer.
   *
   * @throws {IamError} 'FeatureDisabled'
   */
  enabledId(): string {
    const { issuer } = this;
    if (issuer?.isEnabled === true) return issuer.issuerId;
    throw new IamError(
      'FeatureDisabled',
      'Outbound web identity federation is disabled for this account.',
    );
  }

  /** @throws {IamError} 'FeatureEnabled' */
  checkIsDisabled(): void {
    if (this.issuer?.isEnabled !== true) return;
    throw new IamError(
      'FeatureEnabled',
      'Outbound web identity federation is already enabled for this account.',
    );
  }

  /** Generates keys for {@link enable}. */
  newKeys(): Promise<readonly WebIdentityKeyRecord[]> {
    this.#generating ??= Promise.all(
      webIdentityAlgorithms.map((each) => this.#newKey(each)),
    ).finally(() => {
      this.#generating = undefined;
    });
    return this.#generating;
  }

  /**
   * Enables the issuer with new keys. Its id stays the same.
   *
   * @returns the id
   * @throws {IamError} 'FeatureEnabled'
   */
  enable(keys: readonly WebIdentityKeyRecord[]): IamResult<string> {
    this.checkIsDisabled();
    const issuerId = this.issuer?.issuerId ?? this.#random.uuid();
    return { ...this.#put({ issuerId, isEnabled: true, keys }), output: issuerId };
  }

  /** @throws {IamError} 'FeatureDisabled' */
  disable(): IamResult<undefined> {
    const issuerId = this.enabledId();
    return this.#put({ issuerId, isEnabled: false, keys: this.issuer?.keys ?? [] });
  }

  /**
   * Signs a token (RFC 7519, JWS compact serialization).
   *
   * @throws {IamError} 'OutboundWebIdentityFederationDisabledException',
   *   'JWTPayloadSizeExceededException'
   */
  async sign(claims: object, algorithm: WebIdentityAlgorithm): Promise<string> {
    const key = this.requireKey(algorithm);
    const payload = Buffer.from(JSON.stringify(claims), 'utf8');
    if (payload.length > claimsBytesMax) {
      throw new IamError(
        'JWTPayloadSizeExceededException',
        `The claims of the token have ${payload.length} bytes; at most ${claimsBytesMax} are allowed. Use fewer or shorter tags and audiences.`,
      );
    }
    const { CompactSign } = await import('jose');
    return new CompactSign(payload)
      .setProtectedHeader({ alg: algorithm, kid: key.id, typ: 'JWT' })
      .sign(this.#open(key));
  }

  /**
   * The key of an algorithm.
   *
   * @throws {IamError} 'OutboundWebIdentityFederationDisabledException'
   */
  requireKey(algorithm: WebIdentityAlgorithm): WebIdentityKeyRecord {
    const { issuer } = this;
    const key = issuer?.keys.find((each) => each.algorithm === algorithm);
    if (issuer?.isEnabled === true && key !== undefined) return key;
    throw new IamError(
      'OutboundWebIdentityFederationDisabledException',
      'Outbound web identity federation is disabled for this account. EnableOutboundWebIdentityFederation enables it.',
    );
  }

  #put(webIdentity: WebIdentityRecord): IamResult<undefined> {
    return changed({ put: 'account', record: { ...this.#journal.account, webIdentity } });
  }

  async #newKey(algorithm: WebIdentityAlgorithm): Promise<WebIdentityKeyRecord> {
    const id = this.#random.uuid();
    const { publicKey, privateKey } =
      algorithm === 'ES384'
        ? await generate('ec', { namedCurve: 'P-384' })
        : await generate('rsa', { modulusLength: 2048 });
    const bytes = privateKey.export({ format: 'der', type: 'pkcs8' });
    const sealed = sealValue(this.#sealingKey, contextOf(id), bytes);
    bytes.fill(0);
    return {
      id,
      algorithm,
      publicKey: publicKey.export({ format: 'jwk' }),
      sealedKey: sealed.toString('base64'),
    };
  }

  #open({ id, sealedKey }: WebIdentityKeyRecord): KeyObject {
    const sealed = Buffer.from(sealedKey, 'base64');
    const bytes = openValue(this.#sealingKey, contextOf(id), sealed);
    const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
    bytes.fill(0);
    return key;
  }
}

function contextOf(id: string): string {
  return `waxwing iam: key ${id} of web identity tokens`;
}
