// Starts this program again with OpenSSL's FIPS provider, which Node loads only at its start.

import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { FipsError } from '../../crypto/fips.ts';
import { type ProviderUse, providerUse } from './provider.ts';

/** Maximum length of Node's message that is shown, characters. */
const messageCharactersMax = 400;

/** A program that ends well only if the provider is active and MD5 is refused. */
const probe = `const { createHash, getFips } = process.getBuiltinModule('node:crypto');
let isRefused = false;
try { createHash('md5'); } catch { isRefused = true; }
process.exit(getFips() === 1 && isRefused ? 0 : 9);`;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How a process ended. */
interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Runs the program in a process with the FIPS provider, with the same arguments and streams, and ends
 * as it ends.
 *
 * @throws {FipsError} if there is no provider, or it does not work
 */
export async function runWithFips(argv: readonly string[]): Promise<void> {
  const use = await providerUse(process.env);
  try {
    await prove(use);
    const [, program = '', ...rest] = argv;
    const child = spawn(process.execPath, [...use.options, ...process.execArgv, program, ...rest], {
      // The channel tells the process if this one ends.
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...use.environment },
    });
    const stopPassing = passSignals(child);
    const { code, signal } = await endOf(child);
    stopPassing();
    if (signal !== null) process.kill(process.pid, signal);
    else process.exitCode = code ?? 1;
  } finally {
    if (use.folder !== undefined) await rm(use.folder, { recursive: true, force: true });
  }
}

/** A terminal sends Ctrl-C to both processes. The service treats two signals within a second as one. */
function passSignals(child: ChildProcess): () => void {
  const pass = (signal: NodeJS.Signals) => {
    child.kill(signal);
  };
  for (const signal of signals) process.on(signal, pass);
  return () => {
    for (const signal of signals) process.off(signal, pass);
  };
}

async function prove({ options, environment }: ProviderUse): Promise<void> {
  const child = spawn(process.execPath, [...options, '-e', probe], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < messageCharactersMax) said += text;
  });
  const { code } = await endOf(child);
  if (code === 0) return;
  const reason = said.trim().split('\n')[0]?.slice(0, messageCharactersMax) ?? '';
  throw new FipsError(missingText(reason));
}

function missingText(reason: string): string {
  const why = reason === '' ? '' : ` (${reason})`;
  return (
    `--fips needs OpenSSL's FIPS provider, and Node ${process.version} with OpenSSL ` +
    `${process.versions.openssl} could not load it${why}. Install a provider of OpenSSL 3 (fips.so), run ` +
    '`openssl fipsinstall -module fips.so -out fipsmodule.cnf`, and set OPENSSL_MODULES to the folder of ' +
    'fips.so and WAXWING_FIPS_MODULE_CONFIG to fipsmodule.cnf; see docs/operate/fips.md. Nothing was started'
  );
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}
