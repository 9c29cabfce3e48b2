// Generation of key pairs.

import { generateKeyPair } from 'node:crypto';
import { KmsError } from '../errors.ts';
import type { KeyPairSpec } from '../key-specs.ts';

/**
 * Maximum number of key pairs that one account can wait for. An RSA key of 4096 bits takes about a
 * second of a core.
 */
export const pendingPairsMax = 8;

/** A key pair. The receiver overwrites the private key after use. */
export interface KeyPair {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** PKCS #8, DER. */
  readonly privateKey: Buffer;
}

const encoding = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
} as const;

/** The names of the curves in OpenSSL. */
const curves: Partial<Record<KeyPairSpec, string>> = {
  ECC_NIST_P256: 'prime256v1',
  ECC_NIST_P384: 'secp384r1',
  ECC_NIST_P521: 'secp521r1',
  ECC_SECG_P256K1: 'secp256k1',
};

/** The type of a spec's keys, as `node:crypto` describes them. */
export function pairTypeOf(spec: KeyPairSpec): {
  readonly type: 'rsa' | 'ec' | 'ed25519';
  readonly modulusLength?: number;
  readonly namedCurve?: string;
} {
  if (spec.startsWith('RSA_')) return { type: 'rsa', modulusLength: Number(spec.slice(4)) };
  const namedCurve = curves[spec];
  return namedCurve === undefined ? { type: 'ed25519' } : { type: 'ec', namedCurve };
}

/**
 * Generates key pairs in the thread pool, one after another, so that files can be read and written
 * meanwhile. An account can wait for {@link pendingPairsMax} of them.
 */
export class KeyPairs {
  readonly #pendingCounts = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  /** @throws {KmsError} 'ThrottlingException' if the account waits for too many key pairs */
  generate(accountId: string, spec: KeyPairSpec): Promise<KeyPair> {
    const count = this.#pendingCounts.get(accountId) ?? 0;
    if (count >= pendingPairsMax) {
      const text = 'You have exceeded the rate at which you may call KMS. Reduce the frequency of';
      const found = `${count} key pairs are being generated, the maximum allowed`;
      return Promise.reject(new KmsError('ThrottlingException', `${text} your calls. ${found}.`));
    }
    this.#pendingCounts.set(accountId, count + 1);
    const made = this.#last.then(() => generated(spec)).finally(() => this.#ended(accountId));
    this.#last = made.catch(() => {});
    return made;
  }

  #ended(accountId: string): void {
    const count = (this.#pendingCounts.get(accountId) ?? 1) - 1;
    if (count > 0) this.#pendingCounts.set(accountId, count);
    else this.#pendingCounts.delete(accountId);
  }
}

function generated(spec: KeyPairSpec): Promise<KeyPair> {
  const { type, modulusLength = 0, namedCurve = '' } = pairTypeOf(spec);
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, publicKey: Buffer, privateKey: Buffer) => {
      if (error) reject(error);
      else resolve({ publicKey, privateKey });
    };
    if (type === 'rsa') generateKeyPair('rsa', { modulusLength, ...encoding }, done);
    else if (type === 'ec') generateKeyPair('ec', { namedCurve, ...encoding }, done);
    else generateKeyPair('ed25519', encoding, done);
  });
}
