// The folder of one run, on the disk that is measured.

import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LoadGenerator, type LoadProgram } from './load.ts';
import { ensurePackages } from './peers/debian-packages.ts';
import { killEverything } from './processes.ts';

/** Deletes the files of earlier runs that were killed. Their processes have ended. */
function deleteAbandoned(cacheFolder: string): void {
  for (const name of readdirSync(cacheFolder)) {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(cacheFolder, name), { recursive: true, force: true });
  }
}

/**
 * Compiles load generators and calls `run` with them and with an empty folder in `cacheFolder`.
 * Ends all processes and deletes the folder, regardless of how the run ends.
 */
export async function withRunFolder(
  cacheFolder: string,
  programs: readonly LoadProgram[],
  run: (load: LoadGenerator, runFolder: string) => Promise<void>,
): Promise<void> {
  mkdirSync(cacheFolder, { recursive: true });
  deleteAbandoned(cacheFolder);
  const runFolder = join(cacheFolder, `run-${process.pid}`);
  mkdirSync(runFolder);
  const folders = [runFolder];
  const cleanUp = async () => {
    await killEverything();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      void cleanUp().then(() => process.exit(1));
    });
  try {
    await ensurePackages({
      gcc: 'gcc',
      '/usr/include/openssl/ssl.h': 'libssl-dev',
      setpriv: 'util-linux',
    });
    const load = await LoadGenerator.build(programs);
    folders.push(load.folder);
    await run(load, runFolder);
  } finally {
    await cleanUp();
  }
}
