import { resolve } from 'node:path';
import { protectMemory } from '../base/process.ts';
import { checkDataFolder } from '../server/check.ts';
import { rootKeySource } from '../server/settings.ts';

/** Proves a stopped data folder sound, or says what is wrong with it. */
export async function check(folder: string): Promise<void> {
  protectMemory();
  const source = rootKeySource(process.env);
  for await (const line of checkDataFolder(resolve(folder), source)) console.log(line);
}
