// Operations with asymmetric keys other than encryption: signatures, public keys, key agreement.

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import type { KeyUses } from '../access/key-uses.ts';
import type { KmsCall } from '../call.ts';
import type { Materials } from '../ciphers/materials.ts';
import { KmsError } from '../errors.ts';
import { isPairSpec } from '../key-specs.ts';
import { currentMaterial, type KeyRecord } from '../records.ts';
import { type Result, unchanged } from '../result.ts';
import { pairTypeOf } from './key-pairs.ts';
import {
  canSignDigest,
  digestBytesOf,
  isSignatureValid,
  type SignedData,
  signWith,
} from './signing.ts';

/** A Sign request, and the part of a Verify request without the signature. */
export interface SignRequest {
  readonly KeyId: string;
  readonly Message: Buffer;
  /** Defaults to `RAW`. */
  readonly MessageType?: string | undefined;
  readonly SigningAlgorithm: string;
  readonly GrantTokens?: readonly string[] | undefined;
}

/** A DeriveSharedSecret request. */
export interface AgreementRequest {
  readonly KeyId: string;
  readonly KeyAgreementAlgorithm: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly PublicKey: Buffer;
  readonly GrantTokens?: readonly string[] | undefined;
}

interface Parts {
  readonly uses: KeyUses;
  readonly materials: Materials;
  readonly random: Random;
}

/** Signs, verifies, and derives shared secrets. Private keys never leave this class. */
export class Signatures {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws {KmsError} if the key is not found, or access, key state, usage or algorithm forbid it */
  sign(call: KmsCall, request: SignRequest): Result<{ key: KeyRecord; signature: Buffer }> {
    const key = this.#keyFor(call, 'Sign', request);
    const data = dataOf(request);
    const signature = this.#withPrivateKey(key, (pkcs8) =>
      signWith(pkcs8, request.SigningAlgorithm, data, this.#parts.random),
    );
    return unchanged({ key, signature }, key);
  }

  /** @throws {KmsError} 'KMSInvalidSignatureException', and the errors of {@link sign} */
  verify(call: KmsCall, request: SignRequest, signature: Buffer): Result<KeyRecord> {
    const key = this.#keyFor(call, 'Verify', request);
    const data = dataOf(request);
    if (!isSignatureValid(publicKeyOf(key), request.SigningAlgorithm, data, signature)) {
      throw new KmsError('KMSInvalidSignatureException', '');
    }
    return unchanged(key, key);
  }

  /** Returns the public key of an asymmetric key, SubjectPublicKeyInfo in DER. */
  publicKey(
    call: KmsCall,
    name: string,
    grantTokens: readonly string[] | undefined,
  ): Result<{ key: KeyRecord; publicKey: Buffer }> {
    const { uses } = this.#parts;
    const key = uses.find(call, name, { operation: 'GetPublicKey', grantTokens });
    if (!isPairSpec(key.spec)) {
      throw new KmsError(
        'UnsupportedOperationException',
        `${key.arn} has KeySpec ${key.spec}, which has no public key.`,
      );
    }
    return unchanged({ key, publicKey: publicKeyOf(key) }, key);
  }

  /**
   * Derives the shared secret of a private key and the public key of somebody else (ECDH).
   *
   * @throws {KmsError} 'ValidationException' if the public key is invalid or on another curve
   */
  sharedSecret(
    call: KmsCall,
    request: AgreementRequest,
  ): Result<{ key: KeyRecord; secret: Buffer }> {
    const algorithm = request.KeyAgreementAlgorithm;
    const key = this.#parts.uses.find(call, request.KeyId, {
      operation: 'DeriveSharedSecret',
      usage: 'KEY_AGREEMENT',
      algorithm,
      grantTokens: request.GrantTokens,
      values: { 'kms:KeyAgreementAlgorithm': algorithm },
    });
    const publicKey = peerKeyOf(key, request.PublicKey);
    const secret = this.#withPrivateKey(key, (pkcs8) => {
      const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
      return diffieHellman({ privateKey, publicKey });
    });
    return unchanged({ key, secret }, key);
  }

  #keyFor(call: KmsCall, operation: 'Sign' | 'Verify', request: SignRequest): KeyRecord {
    const { KeyId, SigningAlgorithm, MessageType = 'RAW', GrantTokens } = request;
    return this.#parts.uses.find(call, KeyId, {
      operation,
      usage: 'SIGN_VERIFY',
      algorithm: SigningAlgorithm,
      grantTokens: GrantTokens,
      values: { 'kms:SigningAlgorithm': SigningAlgorithm, 'kms:MessageType': MessageType },
    });
  }

  #withPrivateKey<T>(key: KeyRecord, use: (pkcs8: Buffer) => T): T {
    const material = currentMaterial(key);
    assert(material !== undefined, `${key.arn} has no private key`);
    return this.#parts.materials.use(key, material, use);
  }
}

/** The public key of an asymmetric key, SubjectPublicKeyInfo in DER. */
export function publicKeyOf(key: KeyRecord): Buffer {
  assert(key.publicKey !== undefined, `${key.arn} has no public key`);
  return Buffer.from(key.publicKey, 'base64');
}

/** @throws {KmsError} 'ValidationException' if the message does not fit its type */
function dataOf({ Message, MessageType = 'RAW', SigningAlgorithm }: SignRequest): SignedData {
  if (MessageType === 'RAW') return { type: 'RAW', bytes: Message };
  if (MessageType !== 'DIGEST' || !canSignDigest(SigningAlgorithm)) {
    throw new KmsError(
      'ValidationException',
      `MessageType ${MessageType} is not valid for algorithm ${SigningAlgorithm}.`,
    );
  }
  if (isFipsForced() && SigningAlgorithm.startsWith('ECDSA')) {
    const text = `MessageType DIGEST with algorithm ${SigningAlgorithm} is not possible with --fips.`;
    throw new KmsError('UnsupportedOperationException', text);
  }
  const bytes = digestBytesOf(SigningAlgorithm);
  if (Message.length === bytes) return { type: 'DIGEST', bytes: Message };
  throw new KmsError(
    'ValidationException',
    `Digest is invalid length for algorithm ${SigningAlgorithm}: it has ${Message.length} bytes; ${bytes} are allowed.`,
  );
}

function peerKeyOf(key: KeyRecord, spki: Buffer): KeyObject {
  let found: KeyObject | undefined;
  try {
    found = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    found = undefined;
  }
  const wanted = isPairSpec(key.spec) ? pairTypeOf(key.spec).namedCurve : undefined;
  if (found !== undefined && found.asymmetricKeyDetails?.namedCurve === wanted) return found;
  throw new KmsError(
    'ValidationException',
    `PublicKey is not a public key of KeySpec ${key.spec} in DER (SubjectPublicKeyInfo).`,
  );
}
