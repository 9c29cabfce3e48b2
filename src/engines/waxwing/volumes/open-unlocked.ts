// Opening a volume that the previous process of its broker may still hold.

import type { KeyObject } from 'node:crypto';
import { systemClock } from '../../../base/clock.ts';
import { systemDisk } from '../../../storage/disk.ts';
import { StorageError } from '../../../storage/errors.ts';
import { type DataKeys, Volume } from '../../../storage/volume.ts';

/** Maximum time for the previous process to release the volume, milliseconds. */
const lockTimeoutMs = 10_000;
const lockRetryMs = 20;

/**
 * Opens a volume, and waits for the previous process, which may still hold it while it ends.
 *
 * @throws {StorageError} as `Volume.open`
 */
export async function openUnlocked(
  folder: string,
  dataKeys: KeyObject | DataKeys,
): Promise<Volume> {
  const untilMs = systemClock.monotonicMs() + lockTimeoutMs;
  for (;;) {
    try {
      return await Volume.open(systemDisk, folder, dataKeys);
    } catch (error) {
      const isLocked = error instanceof StorageError && error.code === 'folder-locked';
      if (!isLocked || systemClock.monotonicMs() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, lockRetryMs));
    }
  }
}
