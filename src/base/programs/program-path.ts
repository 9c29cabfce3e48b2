// Programs in the folders of `PATH`.

import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnvironment } from './run-program.ts';

/** The first program with a name, without symbolic links; undefined if there is none. */
export async function programInPath(name: string): Promise<string | undefined> {
  for (const folder of plainEnvironment.PATH.split(':')) {
    const program = await executable(join(folder, name));
    if (program !== undefined) return program;
  }
  return undefined;
}

/** The path of a program without symbolic links; undefined if it cannot be executed. */
export async function executable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
    return await realpath(path);
  } catch {
    return undefined; // missing, or of no use
  }
}
