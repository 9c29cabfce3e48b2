// The files of the data folder in a support bundle: sizes and times, never contents.

import { opendir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const filesMax = 10_000;
const depthMax = 8;
/** Names of files and folders that this program chooses. */
const ownName =
  /^(api-ca\.pem|ca\.pem|brokers|events|keys|lock|logs|mark|service\.sock|system|trails|volume|b-[0-9a-f-]{36}|(seg|free|secrets|key|data|archive)-?[0-9a-f]{0,32}(\.[a-z]{1,8})?)$/;

/** Lists the files, as lines with bytes, time and path. Names that people chose are replaced. */
export async function fileLines(folder: string): Promise<string> {
  const { bsize, blocks, bavail } = await statfs(folder);
  const lines = [`file system: ${bsize * blocks} bytes, ${bsize * bavail} available`];
  await list(folder, '', lines, 0);
  return `${lines.join('\n')}\n`;
}

async function list(folder: string, shown: string, lines: string[], depth: number): Promise<void> {
  let others = 0;
  for await (const entry of await opendir(folder)) {
    if (lines.length >= filesMax || depth > depthMax) return;
    const name = ownName.test(entry.name) ? entry.name : `other-${++others}`;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await list(path, `${shown}${name}/`, lines, depth + 1);
    else lines.push(await line(path, `${shown}${name}`));
  }
}

async function line(path: string, shown: string): Promise<string> {
  const found = await stat(path).catch(() => undefined); // it was removed meanwhile
  if (found === undefined) return `${shown} is gone`;
  return `${String(found.size).padStart(14)}  ${found.mtime.toISOString()}  ${shown}`;
}
