// Debian packages and root folders for brokers.

import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../processes.ts';

const onPath = (command: string) =>
  ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/bin'].some((folder) =>
    existsSync(join(folder, command)),
  );

function mustBeRoot(what: string): void {
  if (process.getuid?.() !== 0) throw new Error(`${what} needs root`);
}

/** Installs Debian packages if their files are missing. */
export async function ensurePackages(wanted: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.entries(wanted)
    .filter(([file]) => !(file.startsWith('/') ? existsSync(file) : onPath(file)))
    .map(([, name]) => name);
  if (missing.length === 0) return;
  mustBeRoot(`installing ${missing.join(', ')}`);
  console.error(`installing ${missing.join(', ')}`);
  await runProgram('apt-get', ['update', '-q']);
  const install = ['install', '-q', '-y', '--no-install-recommends', ...missing];
  await runProgram('apt-get', install, { ...process.env, DEBIAN_FRONTEND: 'noninteractive' });
}

/** Returns the mirror that apt uses on this machine. */
async function mirror(): Promise<string> {
  const lines = await runProgram('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(COMPONENT) $(ORIGIN) $(LABEL)',
    'Created-By: Packages',
  ]);
  const main = lines.split('\n').find((line) => / main Debian Debian$/.test(line));
  if (main === undefined) throw new Error('apt has no source with Debian main');
  return main.split(' ')[0] ?? '';
}

/**
 * Creates a root folder with another Debian release and its RabbitMQ, so that RabbitMQ need not be
 * installed on this system. The folder is kept in the cache.
 */
export async function ensureDebianRoot(cacheFolder: string, codename: string): Promise<string> {
  const root = join(cacheFolder, codename);
  if (existsSync(root)) return root;
  mustBeRoot('making a Debian root');
  await ensurePackages({ debootstrap: 'debootstrap' });
  console.error(`making a Debian ${codename} with RabbitMQ in ${root}`);
  const unfinished = `${root}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const options = ['--variant=minbase', '--include=rabbitmq-server'];
  await runProgram('debootstrap', [...options, codename, unfinished, await mirror()]);
  // Names are only resolved with this file. Otherwise, the time of a name server that does not
  // answer would be measured.
  writeFileSync(join(unfinished, 'etc', 'hosts'), '127.0.0.1 localhost\n');
  rmSync(join(unfinished, 'etc', 'resolv.conf'), { force: true });
  mkdirSync(join(unfinished, 'bench'));
  mkdirSync(join(unfinished, 'bench-data'));
  renameSync(unfinished, root);
  return root;
}

/** Returns the version of a package in a Debian root. */
export async function packageVersion(root: string, name: string): Promise<string> {
  return versionIn(await runProgram('chroot', [root, 'dpkg-query', '--show', name]));
}

/** Returns the version of a package that is installed on this system. */
export async function installedVersion(name: string): Promise<string> {
  return versionIn(await runProgram('dpkg-query', ['--show', name]));
}

/** Returns the upstream version from a line of dpkg-query. */
function versionIn(line: string): string {
  return line
    .replace(/^.*\t(\d+:)?/, '')
    .replace(/[-+].*$/s, '')
    .trim();
}
