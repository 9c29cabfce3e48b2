// The command `waxwing check`.

import { relative, resolve } from 'node:path';
import { systemClock } from '../base/clock.ts';
import { protectFiles, protectMemory } from '../base/process.ts';
import { checkDataFolder } from '../server/check.ts';
import { rootKeySource } from '../server/root-key/source.ts';
import { ProgressLine } from './progress-line.ts';

/** Verifies a stopped data folder, and prints what is wrong with it. */
export async function check(folder: string): Promise<void> {
  protectMemory();
  protectFiles();
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
