// Folders on which nothing is mounted, for tests.

import { readdirSync } from 'node:fs';

/** What was written to a mountpoint while nothing was mounted. Those of the superuser are removed then. */
export function leftIn(mountpoint: string): string[] {
  try {
    return readdirSync(mountpoint);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
