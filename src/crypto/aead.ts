import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

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
  const cipher = createCipheriv(algorithm, key, nonce);
  cipher.setAAD(clear);
  const sealed = cipher.update(plaintext);
  cipher.final();
  tag.set(cipher.getAuthTag());
  return sealed;
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
