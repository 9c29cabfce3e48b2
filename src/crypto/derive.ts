// Key derivation and message authentication.

import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';

/** The length of all keys. */
export const keyBytes = 32;

/** Creates a key from 32 bytes, and overwrites them with zeros. */
export function keyFromBytes(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/**
 * Derives a 256-bit key with HKDF-SHA-256.
 *
 * @param info the purpose of the key, unique per purpose
 * @see RFC 5869
 */
export function deriveKey(key: KeyObject, salt: Uint8Array, info: string): KeyObject {
  return keyFromBytes(Buffer.from(hkdfSync('sha256', key, salt, info, keyBytes)));
}

/** Computes an HMAC-SHA-256: 32 bytes. */
export function authenticationCode(key: KeyObject, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

/** Compares two codes in constant time. */
export function isSameCode(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
