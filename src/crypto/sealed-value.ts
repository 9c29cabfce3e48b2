import {
  type CipherKey,
  createCipheriv,
  createDecipheriv,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

const nonceBytes = 12;
const tagBytes = 16;

/** Bytes that sealing adds: a random nonce before the value and a tag after it. */
export const sealedOverheadBytes = nonceBytes + tagBytes;

/**
 * Seals one small value, a key or a password, with AES-256-GCM under a random nonce: for values
 * that change seldom, not for traffic.
 *
 * @param key 256 bits, used for no more than some thousands of values
 * @param context what the value is and whose; opening under another context fails
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
 * Opens a sealed value; the result is the caller's to overwrite.
 *
 * @throws {Error} of node:crypto, where key or context are others or the bytes were changed
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
