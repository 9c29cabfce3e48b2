// The part of a path that exists.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/** The nearest folder on the path that exists, starting from the path itself. */
export function existingFolder(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder
    ? folder
    : existingFolder(dirname(folder));
}
