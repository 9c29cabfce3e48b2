// Encryption and decryption with keys.

import type { Random } from '../../base/random.ts';
import type { Authoriser } from '../access/authoriser.ts';
import type { OperationValues } from '../access/request-values.ts';
import type { KmsCall } from '../call.ts';
import { KmsError } from '../errors.ts';
import type { GrantTokens } from '../grants/grant-tokens.ts';
import type { KeyFinder } from '../key-finder.ts';
import { isSymmetric } from '../key-specs.ts';
import { type KeyOperation, requireState } from '../key-states.ts';
import { requestAlias } from '../keys.ts';
import type { EncryptionContext, KeyRecord } from '../records.ts';
import { type Result, unchanged } from '../result.ts';
import { isBlob, openBlob, readBlobHeader, sealBlob } from './ciphertext-blob.ts';
import { canonicalContext } from './encryption-context.ts';
import type { Materials } from './materials.ts';

/** The members of every cryptographic request. */
export interface CipherRequest {
  readonly EncryptionContext?: EncryptionContext | undefined;
  readonly EncryptionAlgorithm?: string | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
}

/** A Decrypt request. */
export interface DecryptRequest extends CipherRequest {
  readonly CiphertextBlob: Buffer;
  readonly KeyId?: string | undefined;
}

/** A ReEncrypt request. */
export interface ReEncryptRequest {
  readonly CiphertextBlob: Buffer;
  readonly SourceKeyId?: string | undefined;
  readonly SourceEncryptionContext?: EncryptionContext | undefined;
  readonly SourceEncryptionAlgorithm?: string | undefined;
  readonly DestinationKeyId: string;
  readonly DestinationEncryptionContext?: EncryptionContext | undefined;
  readonly DestinationEncryptionAlgorithm?: string | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
}

/** A ciphertext and the key that sealed it. */
export interface Sealed {
  readonly key: KeyRecord;
  readonly materialId: string;
  readonly blob: Buffer;
}

/** A plaintext and the key that opened it. The receiver overwrites the plaintext after use. */
export interface Opened {
  readonly key: KeyRecord;
  readonly materialId: string;
  readonly plaintext: Buffer;
}

/**
 * A use of a key: the required permission, and the operation under which key states are checked.
 */
interface Use {
  readonly action: string;
  readonly operation: KeyOperation;
  readonly values?: OperationValues;
}

interface Parts {
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
  readonly materials: Materials;
  readonly tokens: GrantTokens;
  readonly random: Random;
}

/**
 * Encrypts and decrypts. Key material never leaves this class. @see docs/formats/ciphertext-blob.md
 */
export class Ciphers {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws {KmsError} if the key is not found, or access, key state or key usage forbid it */
  encrypt(
    call: KmsCall,
    keyName: string,
    plaintext: Buffer,
    request: CipherRequest,
  ): Result<Sealed> {
    const use = { action: 'Encrypt', operation: 'Encrypt' } as const;
    const key = this.#keyFor(call, keyName, request, use);
    return unchanged(this.#seal(key, plaintext, request.EncryptionContext), key);
  }

  /**
   * Decrypts a blob with the key that it names.
   *
   * @throws {KmsError} 'InvalidCiphertextException'; 'IncorrectKeyException' if the request names
   *   another key; 'AccessDeniedException' also if the key does not exist
   */
  decrypt(call: KmsCall, request: DecryptRequest): Result<Opened> {
    const key = this.#keyOfBlob(call, request.CiphertextBlob, request.KeyId);
    this.#authorise(call, key, request, {
      action: 'Decrypt',
      operation: 'Decrypt',
      values: requestAlias(request.KeyId ?? ''),
    });
    return unchanged(this.#open(key, request.CiphertextBlob, request.EncryptionContext), key);
  }

  /** Decrypts a blob and encrypts its content again. The plaintext never leaves this class. */
  reEncrypt(
    call: KmsCall,
    request: ReEncryptRequest,
  ): Result<{ from: string; source: KeyRecord; sealed: Sealed }> {
    const { CiphertextBlob: blob, SourceEncryptionContext, DestinationEncryptionContext } = request;
    const { GrantTokens } = request;
    const source = this.#keyOfBlob(call, blob, request.SourceKeyId);
    const target = this.#parts.finder.find(call, request.DestinationKeyId);
    const values = { 'kms:ReEncryptOnSameKey': String(source.id === target.id) };
    const from = {
      EncryptionContext: SourceEncryptionContext,
      EncryptionAlgorithm: request.SourceEncryptionAlgorithm,
      GrantTokens,
    };
    const to = {
      EncryptionContext: DestinationEncryptionContext,
      EncryptionAlgorithm: request.DestinationEncryptionAlgorithm,
      GrantTokens,
    };
    this.#authorise(call, source, from, {
      action: 'ReEncryptFrom',
      operation: 'ReEncrypt',
      values,
    });
    this.#authorise(call, target, to, { action: 'ReEncryptTo', operation: 'ReEncrypt', values });
    const { plaintext, materialId } = this.#open(source, blob, SourceEncryptionContext);
    const sealed = this.#seal(target, plaintext, DestinationEncryptionContext);
    plaintext.fill(0);
    const keys = source.id === target.id ? [source] : [source, target];
    return unchanged({ from: materialId, source, sealed }, ...keys);
  }

  /**
   * Generates a data key and returns it as plaintext and sealed.
   *
   * @param sizeBytes 1 to 1024
   */
  generateDataKey(
    call: KmsCall,
    operation: 'GenerateDataKey' | 'GenerateDataKeyWithoutPlaintext',
    keyName: string,
    sizeBytes: number,
    request: CipherRequest,
  ): Result<Sealed & Opened> {
    const key = this.#keyFor(call, keyName, request, { action: operation, operation });
    const plaintext = this.#parts.random.bytes(sizeBytes);
    const sealed = this.#seal(key, plaintext, request.EncryptionContext);
    if (operation === 'GenerateDataKeyWithoutPlaintext') plaintext.fill(0);
    return unchanged({ ...sealed, plaintext }, key);
  }

  /** The key that a blob names; undefined if the caller cannot see such a key. */
  keyOf(call: KmsCall, blob: Buffer): KeyRecord | undefined {
    return isBlob(blob) ? this.#parts.finder.visible(call, readBlobHeader(blob).keyId) : undefined;
  }

  /** @param sizeBytes 1 to 1024 */
  random(sizeBytes: number): Buffer {
    return this.#parts.random.bytes(sizeBytes);
  }

  #keyFor(call: KmsCall, keyName: string, request: CipherRequest, use: Use): KeyRecord {
    const key = this.#parts.finder.find(call, keyName);
    this.#authorise(call, key, request, { ...use, values: requestAlias(keyName) });
    return key;
  }

  #keyOfBlob(call: KmsCall, blob: Buffer, keyName: string | undefined): KeyRecord {
    const named = keyName === undefined ? undefined : this.#parts.finder.find(call, keyName);
    const { keyId } = readBlobHeader(blob);
    if (named !== undefined && named.id !== keyId) {
      throw new KmsError(
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this operation.',
      );
    }
    const key = this.#parts.finder.visible(call, keyId);
    if (key) return key;
    // The error must not reveal whether the key exists.
    throw new KmsError(
      'AccessDeniedException',
      'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.',
    );
  }

  #authorise(call: KmsCall, key: KeyRecord, request: CipherRequest, use: Use): void {
    const { authoriser, tokens } = this.#parts;
    for (const token of request.GrantTokens ?? []) tokens.read(token);
    const algorithm = request.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT';
    authoriser.authorise(call, {
      action: use.action,
      key,
      context: request.EncryptionContext,
      values: { ...use.values, 'kms:EncryptionAlgorithm': algorithm },
    });
    requireState(use.operation, key);
    requireUsage(key, use.operation, algorithm);
  }

  #seal(key: KeyRecord, plaintext: Buffer, context: EncryptionContext | undefined): Sealed {
    const { materials, random } = this.#parts;
    const record = key.materials.at(-1);
    if (record === undefined)
      throw new KmsError('KMSInvalidStateException', `${key.arn} is pending import.`);
    const header = { keyId: key.id, materialId: record.id };
    const canonical = canonicalContext(context);
    const blob = materials.use(key, record, (material) => {
      return sealBlob(header, material, canonical, plaintext, random);
    });
    return { key, materialId: record.id, blob };
  }

  #open(key: KeyRecord, blob: Buffer, context: EncryptionContext | undefined): Opened {
    const { materialId } = readBlobHeader(blob);
    const record = key.materials.find(({ id }) => id === materialId);
    if (record === undefined) throw new KmsError('InvalidCiphertextException', '');
    const canonical = canonicalContext(context);
    const plaintext = this.#parts.materials.use(key, record, (material) => {
      return openBlob(blob, material, canonical);
    });
    return { key, materialId, plaintext };
  }
}

function requireUsage(key: KeyRecord, operation: KeyOperation, algorithm: string): void {
  if (key.usage !== 'ENCRYPT_DECRYPT') {
    throw new KmsError(
      'InvalidKeyUsageException',
      `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    );
  }
  if (!isSymmetric(key)) {
    throw new KmsError(
      'UnsupportedOperationException',
      `${key.arn} has KeySpec ${key.spec}, which is not supported for encryption; SYMMETRIC_DEFAULT is supported.`,
    );
  }
  if (algorithm !== 'SYMMETRIC_DEFAULT') {
    throw new KmsError(
      'InvalidKeyUsageException',
      `${key.arn} has KeySpec SYMMETRIC_DEFAULT, for which algorithm ${algorithm} is not valid.`,
    );
  }
}
