// Whether a cluster was complete once.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The file that tells that a cluster was complete once. Until then, its nodes have no data. */
const formedFile = 'formed';

/** @param folder of the broker */
export async function isFormed(folder: string): Promise<boolean> {
  return readFile(join(folder, formedFile)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}

/** @param folder of the broker */
export function setFormed(folder: string): Promise<void> {
  return writeFile(join(folder, formedFile), '', { mode: 0o600 });
}
