// The command `waxwing check`.

import { stat } from 'node:fs/promises';
import { relative, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { protectFiles, protectMemory } from '../base/process.ts';
import { checkDataFolder } from '../server/check.ts';
import { rootKeySource } from '../server/root-key/source.ts';
import type { AccessOptions } from './access/access.ts';
import { ProgressLine } from './progress-line.ts';
import { checkBackup } from './volumes/restore.ts';

/**
 * Verifies a stopped data folder or a backup, and prints what is wrong with it.
 *
 * @param folder the data folder, or the file of a backup
 */
export async function check(folder: string, options: AccessOptions): Promise<void> {
  protectMemory();
  protectFiles();
  const found = await stat(resolve(folder)).catch(() => undefined);
  if (found?.isFile() === true) return checkBackup(resolve(folder), options);
  const source = rootKeySource(process.env);
  const line = new ProgressLine(process.stderr, () => systemClock.monotonicMs());
  const root = resolve(folder);
  const progress = (volume: string, doneBytes: number, totalBytes: number) =>
    line.show(relative(root, volume), doneBytes, totalBytes);
  try {
    for await (const { text, verdict } of checkDataFolder(root, source, progress)) {
      line.clear();
      if (verdict === 'unsound') console.error(`waxwing: ${text}`);
      else console.log(text);
    }
  } finally {
    line.clear();
  }
}
