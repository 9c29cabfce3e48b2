// Encryption and decryption with keys.

import { assert } from '../../base/assert.ts';
import { type KeyUse, type KeyUses, requestAlias } from '../access/key-uses.ts';
import type { OperationValues } from '../access/request-values.ts';
import { isRsaAlgorithm, rsaDecrypt, rsaEncrypt } from '../asymmetric/rsa-ciphers.ts';
import { publicKeyOf } from '../asymmetric/signatures.ts';
import type { KmsCall } from '../call.ts';
import { KmsError } from '../errors.ts';
import type { KeyFinder } from '../key-finder.ts';
import type { KeyOperation } from '../key-states.ts';
import { currentMaterial, type EncryptionContext, type KeyRecord } from '../records.ts';
import { type Result, unchanged } from '../result.ts';
import { isBlob, readBlobHeader } from './ciphertext-blob.ts';
import type { Materials } from './materials.ts';
import type { Opened, Sealed, Sealing } from './sealing.ts';

/** The members of every request to encrypt or decrypt. */
export interface CipherRequest {
  readonly EncryptionContext?: EncryptionContext | undefined;
  /** Defaults to `SYMMETRIC_DEFAULT`. */
  readonly EncryptionAlgorithm?: string | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
}

/** A Decrypt request. */
export interface DecryptRequest extends CipherRequest {
  /** Missing only in dry runs that ignore it, which name the key. */
  readonly CiphertextBlob?: Buffer | undefined;
  readonly KeyId?: string | undefined;
}

/** A ReEncrypt request. */
export interface ReEncryptRequest {
  /** Missing only in dry runs that ignore it, which name the key. */
  readonly CiphertextBlob?: Buffer | undefined;
  readonly SourceKeyId?: string | undefined;
  readonly SourceEncryptionContext?: EncryptionContext | undefined;
  readonly SourceEncryptionAlgorithm?: string | undefined;
  readonly DestinationKeyId: string;
  readonly DestinationEncryptionContext?: EncryptionContext | undefined;
  readonly DestinationEncryptionAlgorithm?: string | undefined;
  readonly GrantTokens?: readonly string[] | undefined;
}

/** A use of a key: the permission, and the operation under which key states are checked. */
interface Use {
  readonly action?: string;
  readonly operation: KeyOperation;
  readonly values?: OperationValues;
}

interface Parts {
  readonly finder: KeyFinder;
  readonly uses: KeyUses;
  readonly materials: Materials;
  readonly sealing: Sealing;
}

/**
 * Encrypts and decrypts with symmetric and RSA keys. Key material never leaves the key service.
 *
 * @see docs/formats/ciphertext-blob.md
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
    const use = useOf(request, { operation: 'Encrypt' });
    const key = this.#parts.uses.find(call, keyName, use);
    return unchanged(this.#seal(key, plaintext, request), key);
  }

  /**
   * Decrypts with the key that a blob names, or with the named RSA key.
   *
   * @throws {KmsError} 'InvalidCiphertextException'; 'IncorrectKeyException' if the request names
   *   another key; 'AccessDeniedException' also if the key does not exist
   */
  decrypt(call: KmsCall, request: DecryptRequest): Result<Opened> {
    const { CiphertextBlob: blob, KeyId } = request;
    const key = this.#keyOfSource(call, blob, KeyId, request.EncryptionAlgorithm);
    const values = requestAlias(KeyId ?? '');
    this.#parts.uses.check(call, key, useOf(request, { operation: 'Decrypt', values }));
    return unchanged(this.#open(key, blob, request), key);
  }

  /** Decrypts a ciphertext and encrypts its content again. The plaintext never leaves this class. */
  reEncrypt(call: KmsCall, request: ReEncryptRequest): Result<{ source: Opened; sealed: Sealed }> {
    const { finder, uses } = this.#parts;
    const { CiphertextBlob: blob, GrantTokens } = request;
    const from = {
      EncryptionContext: request.SourceEncryptionContext,
      EncryptionAlgorithm: request.SourceEncryptionAlgorithm,
      GrantTokens,
    };
    const to = {
      EncryptionContext: request.DestinationEncryptionContext,
      EncryptionAlgorithm: request.DestinationEncryptionAlgorithm,
      GrantTokens,
    };
    const source = this.#keyOfSource(call, blob, request.SourceKeyId, from.EncryptionAlgorithm);
    const target = finder.find(call, request.DestinationKeyId);
    const same = { 'kms:ReEncryptOnSameKey': String(source.id === target.id) };
    const useBy = (action: string, name: string) => {
      return {
        operation: 'ReEncrypt',
        action,
        values: { ...same, ...requestAlias(name) },
      } as const;
    };
    uses.check(call, source, useOf(from, useBy('ReEncryptFrom', request.SourceKeyId ?? '')));
    uses.check(call, target, useOf(to, useBy('ReEncryptTo', request.DestinationKeyId)));
    const opened = this.#open(source, blob, from);
    const sealed = this.#seal(target, opened.plaintext, to);
    opened.plaintext.fill(0);
    const keys = source.id === target.id ? [source] : [source, target];
    return unchanged({ source: opened, sealed }, ...keys);
  }

  /** The key that a blob names; undefined if the caller cannot see such a key. */
  keyOf(call: KmsCall, blob: Buffer): KeyRecord | undefined {
    return isBlob(blob) ? this.#parts.finder.visible(call, readBlobHeader(blob).keyId) : undefined;
  }

  /**
   * Finds the key of a ciphertext. Ciphertexts of RSA keys do not name their key, and those that a
   * dry run ignores are missing.
   */
  #keyOfSource(
    call: KmsCall,
    blob: Buffer | undefined,
    keyName: string | undefined,
    algorithm: string | undefined,
  ): KeyRecord {
    if (blob !== undefined && !isRsaAlgorithm(algorithm)) {
      return this.#keyOfBlob(call, blob, keyName);
    }
    if (keyName !== undefined) return this.#parts.finder.find(call, keyName);
    throw new KmsError(
      'ValidationException',
      'The key id is required for ciphertexts of asymmetric keys and for ignored ciphertexts.',
    );
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

  #seal(key: KeyRecord, plaintext: Buffer, request: CipherRequest): Sealed {
    const { EncryptionContext: context, EncryptionAlgorithm: algorithm } = request;
    if (!isRsaAlgorithm(algorithm)) return this.#parts.sealing.seal(key, plaintext, context);
    requireNoContext(context);
    const blob = rsaEncrypt(publicKeyOf(key), algorithm, plaintext);
    return { key, materialId: undefined, blob };
  }

  /** Without a ciphertext, the content is one byte: it is a dry run, which shows no content. */
  #open(key: KeyRecord, blob: Buffer | undefined, request: CipherRequest): Opened {
    const { EncryptionContext: context, EncryptionAlgorithm: algorithm } = request;
    if (blob === undefined) return { key, materialId: undefined, plaintext: Buffer.alloc(1) };
    if (!isRsaAlgorithm(algorithm)) return this.#parts.sealing.open(key, blob, context);
    requireNoContext(context);
    const material = currentMaterial(key);
    assert(material !== undefined, `${key.arn} has no private key`);
    const plaintext = this.#parts.materials.use(key, material, (pkcs8) =>
      rsaDecrypt(pkcs8, algorithm, blob),
    );
    return { key, materialId: undefined, plaintext };
  }
}

function useOf(request: CipherRequest, { values, ...use }: Use): KeyUse {
  const algorithm = request.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT';
  return {
    ...use,
    usage: 'ENCRYPT_DECRYPT',
    algorithm,
    context: request.EncryptionContext,
    values: { ...values, 'kms:EncryptionAlgorithm': algorithm },
    grantTokens: request.GrantTokens,
  };
}

/** @throws {KmsError} 'ValidationException' */
function requireNoContext(context: EncryptionContext | undefined): void {
  if (context === undefined || Object.keys(context).length === 0) return;
  throw new KmsError(
    'ValidationException',
    'EncryptionContext is not valid for asymmetric keys: only symmetric keys authenticate it.',
  );
}
