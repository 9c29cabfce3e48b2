// The lengths of RSA keys and of what they sign and encrypt.

import type { KeyObject } from 'node:crypto';

/** Size of a key's modulus, in bits; 0 for a key that is not an RSA key. */
export function modulusBits(key: KeyObject): number {
  return key.asymmetricKeyDetails?.modulusLength ?? 0;
}

/** Size of a key's modulus, in bytes. */
export function modulusBytes(key: KeyObject): number {
  return Math.ceil(modulusBits(key) / 8);
}

/**
 * Whether a signature or ciphertext is as long as the modulus. OpenSSL does not check this for PSS and
 * OAEP: it accepts a value without its leading zeros, so that one signature would have several forms.
 *
 * @see RFC 8017, sections 7.1.2 (step 1), 8.1.2 (step 1) and 8.2.2 (step 1)
 */
export function hasModulusLength(key: KeyObject, bytes: Buffer): boolean {
  return bytes.length === modulusBytes(key);
}
