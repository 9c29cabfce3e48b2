// Installation of Debian packages.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Held while packages are installed: test files run side by side, and apt-get does not wait. */
const lockFile = join(tmpdir(), 'waxwing-apt.lock');

/**
 * Has Debian packages installed, where they are missing and this process may do it.
 *
 * @returns undefined once they are all there; else, in one sentence, why not: for a test to say why
 * it is skipped
 */
export async function installed(...packages: readonly string[]): Promise<string | undefined> {
  if (!existsSync('/usr/bin/dpkg-query') || !existsSync('/usr/bin/apt-get')) {
    return `the Debian packages ${packages.join(', ')} are needed, and this is no Debian`;
  }
  const missing = await missingOf(packages);
  if (missing.length === 0) return undefined;
  const what = `the Debian packages ${missing.join(', ')} are missing`;
  if (process.getuid?.() !== 0) return `${what}, and only root may install them`;
  const failure = await install(missing);
  return failure === undefined ? undefined : `${what} and cannot be installed: ${failure}`;
}

async function missingOf(packages: readonly string[]): Promise<string[]> {
  const states = await Promise.all(packages.map((name) => stateOf(name)));
  return packages.filter((_, index) => states[index] !== 'install ok installed');
}

async function stateOf(name: string): Promise<string> {
  const query = run('/usr/bin/dpkg-query', ['--show', '--showformat=${Status}', name]);
  // A package that was never there is an error of the query.
  const { stdout } = await query.catch(() => ({ stdout: '' }));
  return stdout;
}

/** @returns the last that apt-get said, where it failed */
async function install(packages: readonly string[]): Promise<string | undefined> {
  const command = ['install', '--yes', '--no-install-recommends', ...packages];
  if ((await aptGet(command)) === undefined) return undefined;
  // The package lists may be missing or outdated.
  return (await aptGet(['update'])) ?? (await aptGet(command));
}

async function aptGet(command: readonly string[]): Promise<string | undefined> {
  const patience = ['-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run('/usr/bin/flock', [lockFile, '/usr/bin/apt-get', ...patience, ...command], { env });
    return undefined;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    return stderr.trim().split('\n').at(-1) || message;
  }
}
