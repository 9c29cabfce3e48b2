// Encryption of single values.

import {
  type CipherKey,
  createCipheriv,
  createDecipheriv,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;

/** The overhead of a sealed value: a random nonce and a tag. */
export const sealedOverheadBytes = nonceBytes + tagBytes;

/**
 * Encrypts one small value, such as a key or a password, with AES-256-GCM and a random nonce.
 * Suitable for values that rarely change, not for traffic.
 *
 * @param key 256 bits, used for at most some thousands of values
 * @param context the purpose and owner of the value; the same context is required to open it
 */
export function sealValue(key: CipherKey | KeyObject, context: string, value: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  const sealed = cipher.update(value);
  cipher.final();
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]);
}

/**
 * Decrypts a sealed value. The caller overwrites the result after use.
 *
 * @throws {Error} from node:crypto, if the key, context or data does not match
 */
export function openValue(key: CipherKey | KeyObject, context: string, sealed: Buffer): Buffer {
  const nonce = sealed.subarray(0, nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  const value = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
  decipher.final();
  return value;
}
