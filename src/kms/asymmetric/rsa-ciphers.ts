// Encryption with RSA keys.

import {
  constants,
  createPrivateKey,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto';
import { KmsError } from '../errors.ts';
import { hasModulusLength, modulusBytes } from './rsa-lengths.ts';

/** The hash functions of the algorithms of OAEP. */
const hashes: Readonly<Record<string, { readonly name: string; readonly bytes: number }>> = {
  RSAES_OAEP_SHA_1: { name: 'sha1', bytes: 20 },
  RSAES_OAEP_SHA_256: { name: 'sha256', bytes: 32 },
};

/** Whether an encryption algorithm is one of RSA keys. */
export function isRsaAlgorithm(algorithm: string | undefined): algorithm is string {
  return algorithm !== undefined && Object.hasOwn(hashes, algorithm);
}

/**
 * Encrypts with a public key.
 *
 * @param spki DER
 * @param algorithm see {@link isRsaAlgorithm}
 * @throws {KmsError} 'ValidationException' if the plaintext is too long for the key
 */
export function rsaEncrypt(spki: Buffer, algorithm: string, plaintext: Buffer): Buffer {
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  const { name, bytes } = hashOf(algorithm);
  const bytesMax = modulusBytes(key) - 2 * bytes - 2;
  if (plaintext.length > bytesMax) {
    throw new KmsError(
      'ValidationException',
      `Plaintext has ${plaintext.length} bytes; algorithm ${algorithm} and this key allow ${bytesMax}`,
    );
  }
  return publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: name },
    plaintext,
  );
}

/**
 * Decrypts with a private key.
 *
 * @param pkcs8 DER, not modified
 * @param algorithm see {@link isRsaAlgorithm}
 * @returns the plaintext, which the caller overwrites after use
 * @throws {KmsError} 'InvalidCiphertextException'
 */
export function rsaDecrypt(pkcs8: Buffer, algorithm: string, ciphertext: Buffer): Buffer {
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  if (!hasModulusLength(key, ciphertext)) throw new KmsError('InvalidCiphertextException', '');
  try {
    return privateDecrypt({ key, padding, oaepHash: hashOf(algorithm).name }, ciphertext);
  } catch {
    throw new KmsError('InvalidCiphertextException', '');
  }
}

function hashOf(algorithm: string): { readonly name: string; readonly bytes: number } {
  const hash = hashes[algorithm];
  if (hash) return hash;
  throw new KmsError('UnsupportedOperationException', `${algorithm} is not supported.`);
}
