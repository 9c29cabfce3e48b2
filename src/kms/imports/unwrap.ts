// Unwrapping and validation of imported key material.

import {
  constants,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
} from 'node:crypto';
import { pairTypeOf } from '../asymmetric/key-pairs.ts';
import { hasModulusLength, modulusBytes } from '../asymmetric/rsa-lengths.ts';
import { KmsError } from '../errors.ts';
import { isPairSpec, materialBytesOf } from '../key-specs.ts';

/** The wrapping algorithms. */
export const wrappingAlgorithms = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
] as const;

/** Wrapping algorithms of AWS KMS that are refused: AWS retired the first one in 2023. */
export const refusedWrappingAlgorithms = ['RSAES_PKCS1_V1_5', 'SM2PKE'] as const;

/** The initial value of AES key wrap with padding. @see RFC 5649, section 3 */
const keyWrapStart = Buffer.from('a65959a6', 'hex');

/** Imported material. */
export interface UnwrappedMaterial {
  /** The receiver overwrites it after use. */
  readonly bytes: Buffer;
  /** SubjectPublicKeyInfo in DER, of an asymmetric key. */
  readonly publicKey: Buffer | undefined;
}

/**
 * Unwraps key material.
 *
 * @param privateKey the private wrapping key, PKCS #8 in DER, not modified
 * @throws {KmsError} 'InvalidCiphertextException'
 */
export function unwrapMaterial(privateKey: Buffer, algorithm: string, wrapped: Buffer): Buffer {
  const key = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' });
  const oaepHash = algorithm.endsWith('SHA_256') ? 'sha256' : 'sha1';
  const decrypt = (bytes: Buffer) => {
    if (!hasModulusLength(key, bytes)) throw new KmsError('InvalidCiphertextException', '');
    return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes);
  };
  try {
    if (algorithm.startsWith('RSAES_OAEP')) return decrypt(wrapped);
    // An ephemeral AES key, and the material wrapped with it.
    const size = modulusBytes(key);
    const ephemeral = decrypt(wrapped.subarray(0, size));
    const decipher = createDecipheriv('id-aes256-wrap-pad', ephemeral, keyWrapStart);
    const bytes = decipher.update(wrapped.subarray(size));
    decipher.final();
    ephemeral.fill(0);
    return bytes;
  } catch {
    throw new KmsError('InvalidCiphertextException', '');
  }
}

/**
 * Checks that material is that of a key of a spec: bytes of its size, or a private key in PKCS #8.
 *
 * @throws {KmsError} 'IncorrectKeyMaterialException'
 */
export function validatedMaterial(spec: string, bytes: Buffer): UnwrappedMaterial {
  if (isPairSpec(spec)) {
    const key = readPrivateKey(bytes);
    if (key !== undefined && isOfSpec(key, pairTypeOf(spec))) {
      const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' });
      // Encoded again, so that the same key always gives the same bytes.
      const encoded = key.export({ format: 'der', type: 'pkcs8' });
      bytes.fill(0);
      return { bytes: encoded, publicKey };
    }
    bytes.fill(0);
    throw incorrect(`it is not a private key of KeySpec ${spec} in PKCS #8 (DER)`);
  }
  const size = materialBytesOf(spec);
  if (bytes.length === size) return { bytes, publicKey: undefined };
  bytes.fill(0);
  throw incorrect(`it has ${bytes.length} bytes; KeySpec ${spec} requires ${size}`);
}

function readPrivateKey(bytes: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}

function isOfSpec(key: KeyObject, wanted: ReturnType<typeof pairTypeOf>): boolean {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  return (
    key.asymmetricKeyType === wanted.type &&
    modulusLength === wanted.modulusLength &&
    namedCurve === wanted.namedCurve
  );
}

function incorrect(what: string): KmsError {
  return new KmsError('IncorrectKeyMaterialException', `The key material is not valid: ${what}.`);
}
