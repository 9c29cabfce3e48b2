import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';

/** Bytes of every key made or taken here. */
export const keyBytes = 32;

/** A key from 32 raw bytes, which are overwritten with zeros. */
export function keyFromBytes(bytes: Buffer): KeyObject {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/**
 * Derives a 256-bit key for one purpose with HKDF-SHA-256.
 *
 * @param info names the purpose; two purposes never share one
 * @see RFC 5869
 */
export function deriveKey(key: KeyObject, salt: Uint8Array, info: string): KeyObject {
  return keyFromBytes(Buffer.from(hkdfSync('sha256', key, salt, info, keyBytes)));
}

/** Authenticates bytes with HMAC-SHA-256: 32 bytes. */
export function authenticationCode(key: KeyObject, bytes: Uint8Array): Buffer {
  return createHmac('sha256', key).update(bytes).digest();
}

/** Compares two codes without telling by its time where they differ. */
export function isSameCode(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
