// Imported key material.

import type { KeyPairs } from '../asymmetric/key-pairs.ts';
import type { KmsCall } from '../call.ts';
import type { Materials } from '../ciphers/materials.ts';
import { KmsError } from '../errors.ts';
import type { Keys } from '../keys.ts';
import { currentMaterial, type KeyRecord, type MaterialRecord } from '../records.ts';
import { type Result, type ServiceStep, unchanged, updated } from '../result.ts';
import { checkedImport, type ImportRequest, importValues } from './import-request.ts';
import { type ImportTokens, tokenLifeMs } from './import-tokens.ts';
import { deletedMaterial, requireExternal, withImported } from './imported-materials.ts';
import { refusedWrappingAlgorithms, unwrapMaterial, validatedMaterial } from './unwrap.ts';

/** A GetParametersForImport request. */
export interface ParametersRequest {
  readonly KeyId: string;
  readonly WrappingAlgorithm: string;
  readonly WrappingKeySpec: string;
}

/** The parameters of an import. */
export interface ImportParameters {
  readonly key: KeyRecord;
  readonly token: Buffer;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKey: Buffer;
  readonly validToMs: number;
}

interface Parts {
  readonly keys: Keys;
  readonly materials: Materials;
  readonly pairs: KeyPairs;
  readonly tokens: ImportTokens;
}

/**
 * Imports key material into keys of the origin EXTERNAL, and deletes it on request or when it
 * expires. Ciphertexts become readable again if the same material is imported again.
 *
 * @see AWS KMS developer guide, "Importing key material for AWS KMS keys"
 */
export class Imports {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Generates a wrapping key, and a token that is valid for 24 hours and for this key only. The key
   * is checked again after the wrapping key was generated.
   *
   * @throws {KmsError} 'UnsupportedOperationException', 'ThrottlingException', and the errors of
   *   {@link Keys.manage}
   */
  async parameters(
    call: KmsCall,
    request: ParametersRequest,
  ): Promise<() => Result<ImportParameters>> {
    const { WrappingAlgorithm: algorithm, WrappingKeySpec: spec } = request;
    const { keys, pairs, tokens } = this.#parts;
    const check = () => {
      const key = keys.manage(call, request.KeyId, 'GetParametersForImport', {
        'kms:WrappingAlgorithm': algorithm,
        'kms:WrappingKeySpec': spec,
      });
      requireExternal(key);
      return key;
    };
    const { accountId } = check();
    const isRefused = refusedWrappingAlgorithms.some((name) => name === algorithm);
    if (isRefused || (spec !== 'RSA_2048' && spec !== 'RSA_3072' && spec !== 'RSA_4096')) {
      const text = `Wrapping with ${algorithm} and a key of spec ${spec} is not supported.`;
      throw new KmsError('UnsupportedOperationException', text);
    }
    const { publicKey, privateKey } = await pairs.generate(accountId, spec);
    return () => {
      const key = check();
      const validToMs = call.nowMs + tokenLifeMs;
      const token = tokens.issue({ keyId: key.id, algorithm, validToMs, privateKey });
      privateKey.fill(0);
      return unchanged({ key, token, publicKey, validToMs }, key);
    };
  }

  /** Reserves what {@link import} needs. */
  prepare(): Promise<number> {
    return this.#parts.materials.reserve();
  }

  /**
   * Imports material.
   *
   * @param secret see {@link prepare}
   * @throws {KmsError} 'InvalidImportTokenException', 'ExpiredImportTokenException',
   *   'InvalidCiphertextException', 'IncorrectKeyMaterialException', 'ValidationException',
   *   'KMSInvalidStateException', 'UnsupportedOperationException'
   */
  import(
    call: KmsCall,
    request: ImportRequest,
    secret: number,
  ): Result<{ key: KeyRecord; materialId: string }> {
    const { keys, materials, tokens } = this.#parts;
    try {
      const values = importValues(request);
      const key = keys.manage(call, request.KeyId, 'ImportKeyMaterial', values);
      requireExternal(key);
      const details = checkedImport(key, request, call.nowMs);
      const { algorithm, privateKey } = tokens.open(request.ImportToken, key.id, call.nowMs);
      const unwrapped = unwrapMaterial(privateKey, algorithm, request.EncryptedKeyMaterial);
      privateKey.fill(0);
      const { bytes, publicKey } = validatedMaterial(key.spec, unwrapped);
      const id = materials.idOf(key.id, bytes);
      const changed = withImported(key, id, request, (found) => {
        return materials.seal(key.id, bytes, { ...found, ...details }, secret);
      });
      const shown = publicKey && { publicKey: publicKey.toString('base64') };
      return updated({ key, materialId: id }, key, { ...changed, ...shown });
    } catch (error) {
      materials.release(secret);
      throw error;
    }
  }

  /**
   * Deletes imported material; the current one if no other is named.
   *
   * @throws {KmsError} 'NotFoundException' if the key never had the named material
   */
  delete(
    call: KmsCall,
    name: string,
    materialId: string | undefined,
  ): Result<{ key: KeyRecord; materialId: string | undefined }> {
    const key = this.#parts.keys.manage(call, name, 'DeleteImportedKeyMaterial');
    requireExternal(key);
    const material =
      materialId === undefined
        ? currentMaterial(key)
        : key.materials.find(({ id }) => id === materialId);
    if (material === undefined && materialId !== undefined) {
      const text = `${key.arn} has no key material with id ${materialId}`;
      throw new KmsError('NotFoundException', text);
    }
    const output = { key, materialId: material?.id };
    if (material?.wrapped === undefined) return unchanged(output, key);
    return { output, changes: [{ put: 'key', key: deletedMaterial(key, material) }], keys: [key] };
  }

  /** Returns the deletion of the next material that has expired. */
  dueExpiry(key: KeyRecord, nowMs: number): ServiceStep | undefined {
    const expired = key.materials.find((material) => isExpired(material, nowMs));
    if (expired === undefined) return undefined;
    const changed = deletedMaterial(key, expired);
    return {
      eventName: 'DeleteExpiredKeyMaterial',
      details: { keyId: key.id, keyMaterialId: expired.id },
      result: { output: changed, changes: [{ put: 'key', key: changed }], keys: [key] },
    };
  }
}

function isExpired({ wrapped, validToMs }: MaterialRecord, nowMs: number): boolean {
  return wrapped !== undefined && validToMs !== undefined && validToMs <= nowMs;
}
