// Sealing and opening of ciphertext blobs with symmetric keys.

import type { Random } from '../../base/random.ts';
import { KmsError } from '../errors.ts';
import { currentMaterial, type EncryptionContext, type KeyRecord } from '../records.ts';
import { openBlob, readBlobHeader, sealBlob } from './ciphertext-blob.ts';
import { canonicalContext } from './encryption-context.ts';
import type { Materials } from './materials.ts';

/** A ciphertext and the key that sealed it. */
export interface Sealed {
  readonly key: KeyRecord;
  /** Undefined for asymmetric keys. */
  readonly materialId: string | undefined;
  readonly blob: Buffer;
}

/** A plaintext and the key that opened it. The receiver overwrites the plaintext after use. */
export interface Opened {
  readonly key: KeyRecord;
  /** Undefined for asymmetric keys. */
  readonly materialId: string | undefined;
  readonly plaintext: Buffer;
}

interface Parts {
  readonly materials: Materials;
  readonly random: Random;
}

/** Seals with the current material of a key, and opens with the one that a blob names. */
export class Sealing {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws {KmsError} 'ValidationException' if the context is too large */
  seal(key: KeyRecord, plaintext: Buffer, context: EncryptionContext | undefined): Sealed {
    const { materials, random } = this.#parts;
    const record = currentMaterial(key);
    if (record === undefined)
      throw new KmsError('KMSInvalidStateException', `${key.arn} is pending import.`);
    const header = { keyId: key.id, materialId: record.id };
    const canonical = canonicalContext(context);
    const blob = materials.use(key, record, (material) => {
      return sealBlob(header, material, canonical, plaintext, random);
    });
    return { key, materialId: record.id, blob };
  }

  /** @throws {KmsError} 'InvalidCiphertextException', 'ValidationException' */
  open(key: KeyRecord, blob: Buffer, context: EncryptionContext | undefined): Opened {
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
