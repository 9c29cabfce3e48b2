// Import tokens.

import type { KeyObject } from 'node:crypto';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';
import { KmsError } from '../errors.ts';

/** The lifetime of a token and its wrapping key, as in AWS. */
export const tokenLifeMs = 24 * 3600 * 1000;

const context = 'waxwing kms import token 1';

/** The contents of an import token. */
export interface ImportToken {
  readonly keyId: string;
  readonly algorithm: string;
  readonly validToMs: number;
  /** The private wrapping key, PKCS #8 in DER. The receiver overwrites it after use. */
  readonly privateKey: Buffer;
}

/** The clear part of a token in JSON, before the private key. */
interface TokenHead {
  readonly keyId: string;
  readonly algorithm: string;
  readonly validToMs: number;
}

/**
 * Issues and opens import tokens. A token contains the private wrapping key, sealed, so the service
 * does not store it: without the token, material that was wrapped for it cannot be unwrapped.
 */
export class ImportTokens {
  readonly #key: KeyObject;

  /** @param key 256 bits; the context of sealed tokens is unique to them */
  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** Issues a token. A wrapping key of 4096 bits gives a token of less than 3 KiB. */
  issue({ privateKey, ...head }: ImportToken): Buffer {
    const text = Buffer.from(JSON.stringify(head satisfies TokenHead));
    const size = Buffer.alloc(2);
    size.writeUInt16BE(text.length);
    const bytes = Buffer.concat([size, text, privateKey]);
    const sealed = sealValue(this.#key, context, bytes);
    bytes.fill(0);
    return sealed;
  }

  /**
   * Opens a token.
   *
   * @throws {KmsError} 'InvalidImportTokenException' if it was not issued here or is of another key;
   *   'ExpiredImportTokenException'
   */
  open(token: Buffer, keyId: string, nowMs: number): ImportToken {
    let bytes: Buffer;
    try {
      bytes = openValue(this.#key, context, token);
    } catch {
      throw invalid();
    }
    const headEnd = 2 + bytes.readUInt16BE(0);
    const head = JSON.parse(bytes.toString('utf8', 2, headEnd)) as TokenHead; // as it was issued
    const privateKey = bytes.subarray(headEnd);
    if (head.keyId === keyId && head.validToMs > nowMs) return { ...head, privateKey };
    bytes.fill(0);
    if (head.keyId !== keyId) throw invalid();
    throw new KmsError('ExpiredImportTokenException', 'The import token has expired.');
  }
}

function invalid(): KmsError {
  return new KmsError(
    'InvalidImportTokenException',
    'The import token is invalid or is not associated with this KMS key.',
  );
}
