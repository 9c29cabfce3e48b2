import { type CipherGCM, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';

const algorithm = 'aes-256-gcm';

/** Bytes of a nonce. */
export const nonceBytes = 12;
/** Bytes of an authentication tag. */
export const tagBytes = 16;

/** The nonce of the n-th thing sealed under a key: 96 bits, big-endian. A key must see each n once. */
export function counterNonce(n: number): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUIntBE(n, nonceBytes - 6, 6);
  return nonce;
}

/**
 * Seals bytes with AES-256-GCM.
 *
 * @param nonce 12 bytes that this key has never seen and never sees again
 * @param clear bytes that are authenticated with it but not sealed
 * @param tag 16 bytes of room, into which the authentication tag is written
 * @returns as many bytes as were given; the plaintext is left as it was
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

/** Seals under a key whose nonces are consecutive numbers: each is used once, or never. */
export class CounterSealer {
  readonly #key: KeyObject;
  /** The number that is sealed next. */
  #next: number;
  #prepared: CipherGCM | undefined = undefined;

  /**
   * @param key which nothing else seals under with a nonce above 0
   * @param next the first number
   */
  constructor(key: KeyObject, next = 1) {
    this.#key = key;
    this.#next = next;
  }

  /** Does beforehand what needs no bytes yet, which is half of sealing something small. */
  prepare(): void {
    this.#prepared ??= createCipheriv(algorithm, this.#key, counterNonce(this.#next));
  }

  /** {@link seal} with the next number, which the caller must name. */
  seal(number: number, clear: Uint8Array, plaintext: Uint8Array, tag: Uint8Array): Buffer {
    assert(number === this.#next, `number ${number} is sealed; next is ${this.#next}`);
    this.prepare();
    const cipher = this.#prepared;
    assert(cipher !== undefined, 'a cipher just prepared is not there');
    this.#prepared = undefined;
    this.#next++;
    return sealWith(cipher, clear, plaintext, tag);
  }
}

/** Opens what `seal` made; undefined where key, nonce, clear or sealed bytes or tag are not those. */
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
    // The only thing that final can fail at here is the tag.
    plaintext.fill(0);
    return undefined;
  }
  return plaintext;
}
