// Authenticated encryption with AES-256-GCM.

import { type CipherGCM, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';

const algorithm = 'aes-256-gcm';

/** The length of a nonce. */
export const nonceBytes = 12;
/** The length of an authentication tag. */
export const tagBytes = 16;

/** The nonce with number n: 96 bits, big-endian. Each n must be used only once per key. */
export function counterNonce(n: number): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUIntBE(n, nonceBytes - 6, 6);
  return nonce;
}

/**
 * Encrypts bytes with AES-256-GCM.
 *
 * @param nonce 12 bytes, never reused with this key
 * @param clear additional authenticated data
 * @param tag receives the authentication tag, 16 bytes
 * @returns the ciphertext, as long as the plaintext; the plaintext is not modified
 * @see NIST SP 800-38D
 */
export function seal(
  key: KeyObject,
  nonce: Buffer,
  clear: Uint8Array,
  plaintext: Uint8Array,
  tag: Uint8Array,
): Buffer {
  return sealWith(createCipheriv(algorithm, key, nonce), clear, plaintext, tag);
}

function sealWith(
  cipher: CipherGCM,
  clear: Uint8Array,
  plaintext: Uint8Array,
  tag: Uint8Array,
): Buffer {
  cipher.setAAD(clear);
  const sealed = cipher.update(plaintext);
  cipher.final();
  tag.set(cipher.getAuthTag());
  return sealed;
}

/** Encrypts with consecutive nonces, each of which is used at most once. */
export class CounterSealer {
  readonly #key: KeyObject;
  /** The next number. */
  #next: number;
  #prepared: CipherGCM | undefined = undefined;

  /**
   * @param key a key with which nothing else is encrypted with a nonce above 0
   * @param next the first number
   */
  constructor(key: KeyObject, next = 1) {
    this.#key = key;
    this.#next = next;
  }

  /** Prepares the next cipher in advance, which is half of the work for small data. */
  prepare(): void {
    this.#prepared ??= createCipheriv(algorithm, this.#key, counterNonce(this.#next));
  }

  /** Calls {@link seal} with the next number, which the caller must state. */
  seal(number: number, clear: Uint8Array, plaintext: Uint8Array, tag: Uint8Array): Buffer {
    assert(number === this.#next, `nonce ${number} is used; the next one is ${this.#next}`);
    this.prepare();
    const cipher = this.#prepared;
    assert(cipher !== undefined, 'the prepared cipher is missing');
    this.#prepared = undefined;
    this.#next++;
    return sealWith(cipher, clear, plaintext, tag);
  }
}

/**
 * Decrypts the result of `seal`; undefined if the key, nonce, clear or sealed bytes, or tag do not
 * match.
 */
export function open(
  key: KeyObject,
  nonce: Buffer,
  clear: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array,
): Buffer | undefined {
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(clear);
  decipher.setAuthTag(tag);
  const plaintext = decipher.update(sealed);
  try {
    decipher.final();
  } catch {
    // final() can only fail because of the tag.
    plaintext.fill(0);
    return undefined;
  }
  return plaintext;
}
