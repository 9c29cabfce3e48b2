// Generation of data keys and data key pairs.

import type { Random } from '../../base/random.ts';
import type { KeyUses } from '../access/key-uses.ts';
import type { KeyPair, KeyPairs } from '../asymmetric/key-pairs.ts';
import type { KmsCall } from '../call.ts';
import { KmsError } from '../errors.ts';
import { refuseUnapproved } from '../key-creation.ts';
import { isSymmetric, type KeyPairSpec } from '../key-specs.ts';
import type { KeyOperation } from '../key-states.ts';
import type { EncryptionContext, KeyRecord } from '../records.ts';
import { type Result, unchanged } from '../result.ts';
import type { Opened, Sealed, Sealing } from './sealing.ts';

/** The members of every request for a data key. */
export interface DataKeyRequest {
  readonly KeyId: string;
  readonly EncryptionContext?: EncryptionContext | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
}

/** A data key pair, whose private key is also sealed. */
export interface SealedPair {
  readonly sealed: Sealed;
  readonly publicKey: Buffer;
  /** The receiver overwrites it after use. */
  readonly privateKey: Buffer;
}

interface Parts {
  readonly uses: KeyUses;
  readonly sealing: Sealing;
  readonly pairs: KeyPairs;
  readonly random: Random;
}

/** Generates data keys, which callers use outside of the service. */
export class DataKeys {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Generates a data key and returns it as plaintext and sealed.
   *
   * @param sizeBytes 1 to 1024
   * @throws {KmsError} if the key is not found, or access, key state or key usage forbid it
   */
  generate(
    call: KmsCall,
    operation: 'GenerateDataKey' | 'GenerateDataKeyWithoutPlaintext',
    sizeBytes: number,
    request: DataKeyRequest,
  ): Result<Sealed & Opened> {
    const key = this.#keyFor(call, operation, request, {});
    const plaintext = this.#parts.random.bytes(sizeBytes);
    const sealed = this.#parts.sealing.seal(key, plaintext, request.EncryptionContext);
    if (operation === 'GenerateDataKeyWithoutPlaintext') plaintext.fill(0);
    return unchanged({ ...sealed, plaintext }, key);
  }

  /**
   * Generates a data key pair. The key is checked again after the pair was generated.
   *
   * @param isDryRun whether to check the use of the key and generate nothing
   * @throws {KmsError} the errors of {@link generate}, and 'ThrottlingException'
   */
  async generatePair(
    call: KmsCall,
    operation: 'GenerateDataKeyPair' | 'GenerateDataKeyPairWithoutPlaintext',
    spec: KeyPairSpec,
    request: DataKeyRequest,
    isDryRun: boolean,
  ): Promise<() => Result<SealedPair>> {
    refuseUnapproved(spec);
    const values = { 'kms:DataKeyPairSpec': spec };
    const check = () => this.#keyFor(call, operation, request, values);
    const { accountId } = check();
    const none: KeyPair = { publicKey: Buffer.alloc(0), privateKey: Buffer.alloc(1) };
    const pair = isDryRun ? none : await this.#parts.pairs.generate(accountId, spec);
    return () => {
      const key = check();
      const { publicKey, privateKey } = pair;
      const sealed = this.#parts.sealing.seal(key, privateKey, request.EncryptionContext);
      if (operation === 'GenerateDataKeyPairWithoutPlaintext') privateKey.fill(0);
      return unchanged({ sealed, publicKey, privateKey }, key);
    };
  }

  /** @param sizeBytes 1 to 1024 */
  random(sizeBytes: number): Buffer {
    return this.#parts.random.bytes(sizeBytes);
  }

  #keyFor(
    call: KmsCall,
    operation: KeyOperation,
    request: DataKeyRequest,
    values: Readonly<Record<string, string>>,
  ): KeyRecord {
    const algorithm = 'SYMMETRIC_DEFAULT';
    const key = this.#parts.uses.find(call, request.KeyId, {
      operation,
      usage: 'ENCRYPT_DECRYPT',
      context: request.EncryptionContext,
      grantTokens: request.GrantTokens,
      values: { 'kms:EncryptionAlgorithm': algorithm, ...values },
    });
    if (isSymmetric(key)) return key;
    throw new KmsError(
      'InvalidKeyUsageException',
      `${key.arn} has KeySpec ${key.spec}; ${operation} requires SYMMETRIC_DEFAULT.`,
    );
  }
}
