// Erasing the wrapped data keys of a volume.

import { type Disk, fromCallback } from '../disk.ts';
import { diskFailure } from '../errors.ts';
import { keysFile } from '../replicas/replica-manifest.ts';

/**
 * Overwrites the header file of a volume, which has the wrapped data keys, with zeros, and syncs it.
 * The data of the volume can never be read again, even if its files are found. This includes a
 * header that a crash left while it was replaced, and the keys of a replica. Without a header, it does nothing.
 *
 * @throws {StorageError} `disk-failed`
 */
export async function eraseVolumeHeader(disk: Disk, folder: string): Promise<void> {
  for (const file of ['volume', keysFile]) {
    for (const name of [file, `${file}.old`, `${file}.new`]) {
      await eraseFile(disk, `${folder}/${name}`);
    }
  }
}

/** Overwrites a file with zeros, and syncs it. Without the file, it does nothing. */
export async function eraseFile(disk: Disk, path: string): Promise<void> {
  try {
    const file = await disk.open(path);
    try {
      await fromCallback((done) => file.write(0, [Buffer.alloc(file.sizeBytes)], done));
      await fromCallback((done) => file.sync(done));
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw diskFailure(`erasing ${path}`, error);
  }
}
