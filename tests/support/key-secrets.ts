// Secrets of key materials on a disk in memory.

import { createSecretKey, type KeyObject } from 'node:crypto';
import { systemRandom } from '../../src/base/random.ts';
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
