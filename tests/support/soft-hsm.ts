// A PKCS#11 token in software.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPrograms } from './other-programs.ts';
import { isLong } from './proof.ts';

const run = promisify(execFile);
const version = '2.1.7';

/** Where pkcs11js is installed for tests. It is compiled there, so it is kept between runs. */
const packageFolder = join(tmpdir(), `waxwing-pkcs11js-${version}`);

/** A token of SoftHSM. */
export interface SoftHsm {
  /** The variables by which processes find the token and the package `pkcs11js`. */
  readonly environment: Readonly<Record<string, string>>;
  /** The source of a root key on the token, in the form of `WAXWING_ROOT_KEY`. */
  readonly source: (label: string) => string;
  /** The file with the PIN. */
  readonly pinFile: string;
}

/**
 * Initializes a token in a folder.
 *
 * @param name its label
 * @returns in place of the token, why there is none
 */
export async function softHsm(folder: string, name = 'waxwing test'): Promise<SoftHsm | string> {
  const search = { name: 'softhsm2-util', versionArguments: ['--version'], package: 'softhsm2' };
  const programs = await findPrograms(search);
  if (typeof programs === 'string') return programs;
  const [program] = programs;
  const library = libraries().find((path) => existsSync(path));
  if (program === undefined || library === undefined) return 'SoftHSM has no library';
  const why = await packageInstalled();
  if (why !== undefined) return why;
  mkdirSync(join(folder, 'tokens'), { mode: 0o700 });
  const configuration = join(folder, 'softhsm2.conf');
  writeFileSync(configuration, `directories.tokendir = ${join(folder, 'tokens')}\n`);
  const environment = {
    SOFTHSM2_CONF: configuration,
    NODE_PATH: join(packageFolder, 'node_modules'),
  };
  const pin = '493817';
  const pinFile = join(folder, 'pin');
  writeFileSync(pinFile, `${pin}\n`, { mode: 0o600 });
  const options = ['--init-token', '--free', '--label', name, '--so-pin', '1234'];
  await run(program.path, [...options, '--pin', pin], { env: { ...process.env, ...environment } });
  const place = `module-path=${library}&pin-source=file:${pinFile}`;
  const source = (label: string) =>
    `pkcs11:token=${encodeURIComponent(name)};object=${label}?${place}`;
  return { environment, source, pinFile };
}

function libraries(): string[] {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  const named = folders.filter((name) => name.endsWith('-linux-gnu'));
  return ['softhsm', ...named.map((name) => `${name}/softhsm`)].map(
    (name) => `/usr/lib/${name}/libsofthsm2.so`,
  );
}

/** Installs the package, which compiles it, in long runs only. Returns why that was not possible. */
async function packageInstalled(): Promise<string | undefined> {
  if (existsSync(join(packageFolder, 'node_modules/pkcs11js/build/Release'))) return undefined;
  if (!isLong) return `pkcs11js is compiled by long runs only, in ${packageFolder}`;
  mkdirSync(packageFolder, { recursive: true, mode: 0o700 });
  // The headers of an installed Node spare a download.
  const headers = existsSync('/usr/include/node') ? { npm_config_nodedir: '/usr' } : {};
  const args = ['install', '--no-save', '--prefix', packageFolder, `pkcs11js@${version}`];
  try {
    await run('npm', args, { env: { ...process.env, ...headers } });
    return undefined;
  } catch (error) {
    return `pkcs11js cannot be installed: ${String((error as Error).message).split('\n')[0]}`;
  }
}
