// Secrets of key materials on a disk in memory.

import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { systemRandom } from '../../src/base/random.ts';
import type { MaterialRecord } from '../../src/kms/records.ts';
import type { Disk } from '../../src/storage/disk.ts';
import { ErasableSecrets } from '../../src/storage/erasable/erasable-secrets.ts';
import { MemoryDisk } from './memory-disk.ts';

/** The folder of the secrets. */
export const secretsFolder = '/keys';

/** Secrets that are not opened yet. */
export function secretsOn(disk: Disk, key: KeyObject): ErasableSecrets {
  return new ErasableSecrets({ disk, folder: secretsFolder, key, random: systemRandom });
}

/** Opened secrets for one key service, none of which is in use. */
export async function openedSecrets(disk: Disk = new MemoryDisk()): Promise<ErasableSecrets> {
  const secrets = secretsOn(disk, createSecretKey(systemRandom.bytes(32)));
  await secrets.open();
  await secrets.keep(new Set());
  return secrets;
}

/**
 * Opens a key material with a key, as somebody does who knows the format but not this code.
 *
 * @returns undefined if the key does not open it
 */
export function openedMaterial(
  key: Buffer | KeyObject,
  keyId: string,
  { id, wrapped = '' }: MaterialRecord,
): Buffer | undefined {
  const bytes = Buffer.from(wrapped, 'base64');
  if (bytes.length < 28) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  decipher.setAAD(Buffer.from(`waxwing kms key material 1\0${keyId}\0${id}`));
  decipher.setAuthTag(bytes.subarray(-16));
  const material = decipher.update(bytes.subarray(12, -16));
  try {
    decipher.final();
    return material;
  } catch {
    return undefined;
  }
}
