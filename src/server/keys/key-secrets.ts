// The secrets of key materials, in a folder of their own.

import type { KeyObject } from 'node:crypto';
import { systemRandom } from '../../base/random.ts';
import type { Kms } from '../../kms/kms.ts';
import { systemDisk } from '../../storage/disk.ts';
import { ErasableSecrets } from '../../storage/erasable/erasable-secrets.ts';
import type { Entry } from '../../storage/journal.ts';
import { keysFolder } from '../system-volume.ts';

/**
 * The secrets of a data folder. They must be opened before a key is used.
 *
 * @param key 256 bits, derived from the data key of the system volume
 */
export function keySecrets(folder: string, key: KeyObject): ErasableSecrets {
  return new ErasableSecrets({
    disk: systemDisk,
    folder: keysFolder(folder),
    key,
    random: systemRandom,
  });
}

/**
 * Opens the secrets, and checks that the one of every key material is there. Materials of earlier
 * releases get secrets. Those of keys that were deleted before a crash are destroyed later, by
 * `Materials.settle`.
 *
 * @throws {StorageError} `volume-damaged` if the secret of a key is missing; `disk-failed`
 */
export async function openKeySecrets(
  secrets: ErasableSecrets,
  kms: Kms,
  commit: (entries: readonly Entry[]) => Promise<void>,
): Promise<void> {
  await secrets.open();
  await kms.materials.prove(kms.journal.keys());
  for (const key of [...kms.journal.keys()]) {
    const resealed = await kms.materials.resealed(key);
    if (resealed === undefined) continue;
    await commit([{ journal: kms.journal.name, change: { put: 'key', key: resealed } }]);
  }
}

/**
 * Checks that the secret of every key material is there, without changing anything.
 *
 * @throws {StorageError} `volume-damaged`, `disk-failed`, `format-too-new`
 */
export async function checkKeySecrets(secrets: ErasableSecrets, kms: Kms): Promise<void> {
  await secrets.openForReading();
  await kms.materials.keepOnly(kms.journal.keys(), true);
}
