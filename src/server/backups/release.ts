// The version of the program that makes a backup.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';

/** The version in the package file. */
export async function release(): Promise<string> {
  const text = await readFile(join(packageFolder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
