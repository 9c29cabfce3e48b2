// Key materials.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../../base/random.ts';
import type { ErasableSecrets } from '../../storage/erasable/erasable-secrets.ts';
import { KmsError } from '../errors.ts';
import type { KeyRecord, KmsChange, MaterialRecord } from '../records.ts';

const nonceSize = 12;
const tagSize = 16;

/** The part of a material's record that does not depend on its bytes. */
export type MaterialDetails = Omit<MaterialRecord, 'id' | 'wrapped' | 'secret'>;

/** The parts of {@link Materials}. */
export interface MaterialsParts {
  /** 256 bits, derived from the system volume's data key. It sealed the materials of earlier releases. */
  readonly wrappingKey: KeyObject;
  readonly secrets: ErasableSecrets;
  readonly random: Random;
}

/**
 * Creates, opens and destroys key materials. A material is stored sealed with a secret of its own,
 * bound to its key and id, and is in memory only while it is used. Erasing the secret destroys the
 * material in every copy of its record. Earlier releases sealed all materials with one key.
 */
export class Materials {
  readonly #parts: MaterialsParts;

  constructor(parts: MaterialsParts) {
    assert(parts.wrappingKey.symmetricKeySize === 32, 'the wrapping key must have 32 bytes');
    this.#parts = parts;
  }

  /** Reserves the secret of a new material. {@link release} it if it is not used. */
  reserve(): Promise<number> {
    return this.#parts.secrets.reserve();
  }

  /** Releases a secret that was reserved and not used. */
  release(secret: number): void {
    this.#parts.secrets.giveBack(secret);
  }

  /** Creates a random symmetric material for a key. */
  create(keyId: string, details: MaterialDetails): MaterialRecord {
    return this.seal(keyId, this.#parts.random.bytes(32), details);
  }

  /**
   * Seals a material, and overwrites its bytes.
   *
   * @param secret the reserved secret; by default a new one
   * @throws {KmsError} 'KMSInternalException' if no secret is available at the moment
   */
  seal(
    keyId: string,
    bytes: Buffer,
    details: MaterialDetails,
    secret = this.#parts.secrets.take(),
  ): MaterialRecord {
    if (secret === undefined) {
      throw new KmsError('KMSInternalException', 'Too many key materials at a time; try again.');
    }
    const id = this.idOf(keyId, bytes);
    const nonce = this.#parts.random.bytes(nonceSize);
    const wrapped = this.#parts.secrets.use(secret, (key) => {
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(boundTo(keyId, id));
      const sealed = [nonce, cipher.update(bytes), cipher.final()];
      return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64');
    });
    bytes.fill(0);
    return { id, ...details, wrapped, secret };
  }

  /** The id of a material, which only depends on its key and its bytes; 64 hexadecimal digits. */
  idOf(keyId: string, bytes: Buffer): string {
    const text = `waxwing kms key material id 1\0${keyId}`;
    return createHmac('sha256', bytes).update(text).digest('hex');
  }

  /**
   * Opens a material for one use, and overwrites it afterwards.
   *
   * @throws {KmsError} 'KMSInvalidStateException' if it was deleted and not imported again
   */
  use<T>(key: KeyRecord, record: MaterialRecord, use: (material: Buffer) => T): T {
    const { wrapped, secret } = record;
    if (wrapped === undefined) {
      throw new KmsError('KMSInvalidStateException', `${key.arn} is pending import.`);
    }
    const bytes = Buffer.from(wrapped, 'base64');
    const { secrets, wrappingKey } = this.#parts;
    const material =
      secret === undefined
        ? open(wrappingKey, bytes, boundTo(key.id, record.id))
        : secrets.use(secret, (opened) => {
            return open(createSecretKey(opened), bytes, boundTo(key.id, record.id));
          });
    try {
      return use(material);
    } finally {
      material.fill(0);
    }
  }

  /**
   * Destroys the materials that changes removed from their keys. Call it after the changes are
   * synced.
   *
   * @param before the keys before the changes
   * @throws {StorageError} `disk-failed`: the secret was not overwritten; {@link finishDestruction} retries
   */
  async destroyRemoved(changes: readonly KmsChange[], before: readonly KeyRecord[]): Promise<void> {
    const removed = before.flatMap((key) => {
      const change = changes.find((each) => keyIdOf(each) === key.id);
      if (change === undefined) return [];
      const kept = new Set('put' in change && change.put === 'key' ? secretsOf(change.key) : []);
      return secretsOf(key).filter((secret) => !kept.has(secret));
    });
    if (removed.length > 0) await this.#parts.secrets.erase(removed);
  }

  /**
   * Destroys what an earlier call could not destroy.
   *
   * @throws {StorageError} `disk-failed`
   */
  finishDestruction(): Promise<void> {
    return this.#parts.secrets.flush();
  }

  /**
   * Destroys all materials that no key has: those whose destruction a crash interrupted.
   *
   * @param isReadOnly whether to only check that the materials of all keys are there
   * @throws {StorageError} `volume-damaged` if the secret of a material is missing; `disk-failed`
   */
  async keepOnly(keys: Iterable<KeyRecord>, isReadOnly = false): Promise<void> {
    await this.#parts.secrets.keep(usedSecrets(keys), isReadOnly);
  }

  /**
   * Checks that the materials of all keys are there, like {@link keepOnly}. What no key has is destroyed
   * by {@link settle}.
   *
   * @throws {StorageError} `volume-damaged` if the secret of a material is missing
   */
  async prove(keys: Iterable<KeyRecord>): Promise<void> {
    await this.#parts.secrets.prove(usedSecrets(keys));
  }

  /**
   * Destroys what {@link prove} found, and prepares secrets of new materials.
   *
   * @throws {StorageError} `disk-failed`
   */
  settle(): Promise<void> {
    return this.#parts.secrets.settle();
  }

  /** Returns a key whose materials have secrets of their own; undefined if all have them already. */
  async resealed(key: KeyRecord): Promise<KeyRecord | undefined> {
    const isOld = ({ wrapped, secret }: MaterialRecord) =>
      wrapped !== undefined && secret === undefined;
    if (!key.materials.some(isOld)) return undefined;
    const materials: MaterialRecord[] = [];
    for (const record of key.materials) {
      if (!isOld(record)) {
        materials.push(record);
        continue;
      }
      const { id: _, wrapped: _wrapped, ...details } = record;
      const secret = await this.reserve();
      materials.push(
        this.use(key, record, (bytes) => this.seal(key.id, Buffer.from(bytes), details, secret)),
      );
    }
    return { ...key, materials };
  }
}

/** A material that does not open is damage that storage should have detected. The call fails. */
function open(key: KeyObject, bytes: Buffer, bound: Buffer): Buffer {
  const nonce = bytes.subarray(0, nonceSize);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagSize });
  decipher.setAAD(bound);
  decipher.setAuthTag(bytes.subarray(bytes.length - tagSize));
  const material = decipher.update(bytes.subarray(nonceSize, bytes.length - tagSize));
  try {
    decipher.final();
    return material;
  } catch (error) {
    material.fill(0);
    throw error;
  }
}

function usedSecrets(keys: Iterable<KeyRecord>): Set<number> {
  const used = new Set<number>();
  for (const key of keys) for (const secret of secretsOf(key)) used.add(secret);
  return used;
}

function secretsOf(key: KeyRecord): number[] {
  return key.materials.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
}

function keyIdOf(change: KmsChange): string | undefined {
  if ('put' in change) return change.put === 'key' ? change.key.id : undefined;
  return change.delete === 'key' ? change.keyId : undefined;
}

function boundTo(keyId: string, materialId: string): Buffer {
  return Buffer.from(`waxwing kms key material 1\0${keyId}\0${materialId}`);
}
