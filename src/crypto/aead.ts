// Authenticated encryption with AES-256-GCM.

import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherGCM,
  type KeyObject,
} from 'node:crypto';
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
    return sealWith(this.#take(number), clear, plaintext, tag);
  }

  /** Begins to encrypt with the next number, piece by piece. */
  begin(number: number, clear: Uint8Array): PieceSealer {
    return new PieceSealer(this.#take(number), clear);
  }

  #take(number: number): CipherGCM {
    assert(number === this.#next, `nonce ${number} is used; the next one is ${this.#next}`);
    this.prepare();
    const cipher = this.#prepared;
    assert(cipher !== undefined, 'the prepared cipher is missing');
    this.#prepared = undefined;
    this.#next++;
    return cipher;
  }
}

/** Encrypts one text in pieces, whose ciphertext is that of {@link seal}. */
export class PieceSealer {
  readonly #cipher: CipherGCM;

  /** @param clear additional authenticated data */
  constructor(cipher: CipherGCM, clear: Uint8Array) {
    this.#cipher = cipher;
    cipher.setAAD(clear);
  }

  /** Returns the ciphertext of the next piece, which is as long. */
  add(plaintext: Uint8Array): Buffer {
    return this.#cipher.update(plaintext);
  }

  /** @param tag receives the authentication tag, 16 bytes */
  end(tag: Uint8Array): void {
    this.#cipher.final();
    tag.set(this.#cipher.getAuthTag());
  }
}

/**
 * Decrypts one text in pieces. Nothing of it may be used before {@link PieceOpener.end} returned
 * true.
 */
export class PieceOpener {
  readonly #decipher: DecipherGCM;

  /**
   * @param clear additional authenticated data
   * @param tag the authentication tag, 16 bytes
   */
  constructor(key: KeyObject, nonce: Buffer, clear: Uint8Array, tag: Uint8Array) {
    const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
    decipher.setAAD(clear);
    decipher.setAuthTag(tag);
    this.#decipher = decipher;
  }

  /** Returns the plaintext of the next piece, which is as long. */
  add(sealed: Uint8Array): Buffer {
    return this.#decipher.update(sealed);
  }

  /** Whether key, nonce, clear and sealed bytes match the tag. */
  end(): boolean {
    try {
      this.#decipher.final();
      return true;
    } catch {
      return false; // final() can only fail because of the tag.
    }
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
