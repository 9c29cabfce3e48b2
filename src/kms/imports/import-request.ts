// Validation of ImportKeyMaterial requests.

import type { OperationValues } from '../access/request-values.ts';
import type { MaterialDetails } from '../ciphers/materials.ts';
import { KmsError } from '../errors.ts';
import { isSymmetric } from '../key-specs.ts';
import type { KeyRecord } from '../records.ts';

/** Maximum time until imported material expires, as in AWS: 365 days. */
const validityMsMax = 365 * 24 * 3600 * 1000;

/** An ImportKeyMaterial request. */
export interface ImportRequest {
  readonly KeyId: string;
  readonly ImportToken: Buffer;
  readonly EncryptedKeyMaterial: Buffer;
  /** Milliseconds since 1970. */
  readonly ValidTo?: number | undefined;
  /** Defaults to `KEY_MATERIAL_EXPIRES`. */
  readonly ExpirationModel?: string | undefined;
  readonly ImportType?: string | undefined;
  readonly KeyMaterialDescription?: string | undefined;
  /** The material that must be imported. */
  readonly KeyMaterialId?: string | undefined;
}

/** The condition keys of a request. */
export function importValues({ ExpirationModel, ValidTo }: ImportRequest): OperationValues {
  return {
    'kms:ExpirationModel': ExpirationModel ?? 'KEY_MATERIAL_EXPIRES',
    'kms:ValidTo': ValidTo === undefined ? undefined : new Date(ValidTo).toISOString(),
  };
}

/**
 * Checks a request, and returns the details of the material.
 *
 * @throws {KmsError} 'ValidationException', 'UnsupportedOperationException'
 */
export function checkedImport(
  key: KeyRecord,
  request: ImportRequest,
  nowMs: number,
): MaterialDetails {
  const { ValidTo: validToMs, KeyMaterialDescription: description } = request;
  const isExpiring = request.ExpirationModel !== 'KEY_MATERIAL_DOES_NOT_EXPIRE';
  if (isExpiring && validToMs === undefined) {
    throw invalid('A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES.');
  }
  if (!isExpiring && validToMs !== undefined) {
    throw invalid('ValidTo is not allowed if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE.');
  }
  if (validToMs !== undefined && (validToMs <= nowMs || validToMs > nowMs + validityMsMax)) {
    const found = new Date(validToMs).toISOString();
    throw invalid(`ValidTo is ${found}; a time within the next 365 days is allowed.`);
  }
  const isSeveral = request.ImportType === 'NEW_KEY_MATERIAL' && key.materials.length > 0;
  if (isSeveral && !isSymmetric(key)) {
    throw new KmsError(
      'UnsupportedOperationException',
      `${key.arn} has KeySpec ${key.spec}; only SYMMETRIC_DEFAULT can have several key materials.`,
    );
  }
  return {
    createdMs: nowMs,
    ...(validToMs !== undefined && { validToMs }),
    ...(description !== undefined && { description }),
  };
}

function invalid(text: string): KmsError {
  return new KmsError('ValidationException', text);
}
