// Packages of npm that a test needs and the project does not install.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A package, and what its archive must be. */
export interface PinnedPackage {
  /** Such as `name@1.2.3`. */
  readonly name: string;
  /** Base64. */
  readonly sha512: string;
}

/**
 * Downloads a package, and unpacks files of it into a new folder. Nothing of it is run, and what it depends
 * on is not downloaded.
 *
 * @param paths which files or folders of the archive; all of them without any
 */
export async function unpackPackage(
  { name, sha512 }: PinnedPackage,
  to: string,
  ...paths: readonly string[]
): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const folder = await mkdtemp(`${to}-new-`);
  try {
    const { stdout } = await run('npm', ['pack', name, '--silent'], { cwd: folder });
    const tarball = join(folder, stdout.trim());
    const found = createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64');
    if (found !== sha512) throw new Error(`${name} has the SHA-512 ${found}`);
    await mkdir(to);
    await run('tar', ['-xzf', tarball, '-C', to, ...paths]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
