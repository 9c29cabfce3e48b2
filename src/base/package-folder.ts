// The folder of this package.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder that contains a file, starting from a folder and going up. */
function folderWith(name: string, from: string): string {
  if (existsSync(join(from, name)) || dirname(from) === from) return from;
  return folderWith(name, dirname(from));
}

/**
 * The folder of this program's `package.json`. It must be searched, because compiled files are
 * deeper in the tree than bundles. The folder of the bundles has a `package.json` of its own, which
 * tells Node that they are scripts.
 */
export const packageFolder = folderWith('package.json', dirname(import.meta.dirname));
