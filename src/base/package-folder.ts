import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder, from one on upward, that holds a file. */
function folderWith(name: string, from: string): string {
  if (existsSync(join(from, name)) || dirname(from) === from) return from;
  return folderWith(name, dirname(from));
}

/**
 * The folder of this program's `package.json`. It is looked for, since what is compiled lies deeper
 * than what is bundled of it.
 */
export const packageFolder = folderWith('package.json', import.meta.dirname);
