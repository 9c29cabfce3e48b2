// Key materials.

import { createCipheriv, createDecipheriv, createHmac, type KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import type { KeyRecord, MaterialRecord } from '../records.ts';

const materialSize = 32;
const nonceSize = 12;
const tagSize = 16;

/**
 * Creates and opens key materials. A material is stored sealed with the wrapping key, bound to its
 * key and id, and is in memory only while it is used.
 */
export class Materials {
  readonly #wrappingKey: KeyObject;
  readonly #random: Random;

  /** @param wrappingKey 256 bits, derived from the system volume's data key */
  constructor(wrappingKey: KeyObject, random: Random) {
    assert(wrappingKey.symmetricKeySize === 32, 'the wrapping key must have 32 bytes');
    this.#wrappingKey = wrappingKey;
    this.#random = random;
  }

  /** Creates a random material for a key. */
  create(keyId: string, nowMs: number, rotation?: 'AUTOMATIC' | 'ON_DEMAND'): MaterialRecord {
    const material = this.#random.bytes(materialSize);
    const id = createHmac('sha256', material)
      .update(`waxwing kms key material id 1\0${keyId}`)
      .digest('hex');
    const nonce = this.#random.bytes(nonceSize);
    const cipher = createCipheriv('aes-256-gcm', this.#wrappingKey, nonce);
    cipher.setAAD(boundTo(keyId, id));
    const sealed = Buffer.concat([nonce, cipher.update(material), cipher.final()]);
    material.fill(0);
    const wrapped = Buffer.concat([sealed, cipher.getAuthTag()]).toString('base64');
    return { id, wrapped, createdMs: nowMs, ...(rotation ? { rotation } : {}) };
  }

  /** Opens a material for one use, and overwrites it afterwards. */
  use<T>(key: KeyRecord, record: MaterialRecord, use: (material: Buffer) => T): T {
    const bytes = Buffer.from(record.wrapped, 'base64');
    const decipher = createDecipheriv(
      'aes-256-gcm',
      this.#wrappingKey,
      bytes.subarray(0, nonceSize),
      { authTagLength: tagSize },
    );
    decipher.setAAD(boundTo(key.id, record.id));
    decipher.setAuthTag(bytes.subarray(bytes.length - tagSize));
    const material = decipher.update(bytes.subarray(nonceSize, bytes.length - tagSize));
    try {
      // A material that does not open is damage that storage should have detected. The call fails.
      decipher.final();
      return use(material);
    } finally {
      material.fill(0);
    }
  }
}

function boundTo(keyId: string, materialId: string): Buffer {
  return Buffer.from(`waxwing kms key material 1\0${keyId}\0${materialId}`);
}
