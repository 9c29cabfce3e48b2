// Which ways of encrypting volumes this machine has.

import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { programInPath } from '../base/programs/program-path.ts';
import { runProgram } from '../base/programs/run-program.ts';

/** A way of encrypting volumes. */
export interface VolumeBackend {
  readonly name: 'gocryptfs' | 'dm-crypt' | 'fscrypt';
  /** The version of its program; undefined if it is not installed. */
  readonly version: string | undefined;
  /** Why volumes cannot be encrypted with it; undefined if they can. */
  readonly problem: string | undefined;
}

const timeoutMs = 10_000;

/** Examines all ways. Only gocryptfs is implemented; the others are reported. */
export function volumeBackends(): Promise<readonly VolumeBackend[]> {
  return Promise.all([gocryptfs(), dmCrypt(), fscrypt()]);
}

/**
 * Why volumes of real engines cannot be encrypted on this machine; undefined if they can.
 *
 * The text names what is missing.
 */
export async function encryptionProblem(): Promise<string | undefined> {
  const isInstalled = (await programInPath('gocryptfs')) !== undefined;
  return isInstalled ? await gocryptfsProblem() : 'gocryptfs is not installed';
}

async function gocryptfs(): Promise<VolumeBackend> {
  const name = 'gocryptfs';
  const version = await versionOf('gocryptfs', ['-version'], /^gocryptfs v?([\d.]+)/);
  if (version === undefined) return { name, version, problem: 'gocryptfs is not installed' };
  return { name, version, problem: await gocryptfsProblem() };
}

/** Why gocryptfs, which is installed, is of no use. */
async function gocryptfsProblem(): Promise<string | undefined> {
  for (const program of ['fusermount3', 'dd', 'stat', 'setpriv']) {
    if ((await programInPath(program)) === undefined) return `${program} is not installed`;
  }
  const device = await accessError('/dev/fuse');
  const problem = device === undefined ? undefined : `/dev/fuse cannot be used: ${device}`;
  return problem ?? (await mountProblem());
}

/** The number of the capability that permits mounts, see capabilities(7). */
const mayMount = 21n;

/** Why this process may not mount anything; undefined if it may. */
async function mountProblem(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8');
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)/m.exec(status) ?? [];
  if (((BigInt(`0x${effective}`) >> mayMount) & 1n) === 1n) return undefined;
  // Others mount with the program fusermount3, which gets its rights from its file.
  const isHeldBack = /^NoNewPrivs:\s*1/m.test(status);
  if (process.geteuid?.() === 0) return 'the superuser may not mount here (CAP_SYS_ADMIN)';
  return isHeldBack ? 'fusermount3 gets no rights here (NoNewPrivileges)' : undefined;
}

async function dmCrypt(): Promise<VolumeBackend> {
  const name = 'dm-crypt';
  const version = await versionOf('cryptsetup', ['--version'], /cryptsetup ([\d.]+)/);
  const device = await accessError('/dev/mapper/control');
  const missing = [
    ...(version === undefined ? ['cryptsetup is not installed'] : []),
    ...(device === undefined ? [] : [`/dev/mapper/control cannot be used: ${device}`]),
    'it is not supported',
  ];
  return { name, version, problem: missing.join('; ') };
}

async function fscrypt(): Promise<VolumeBackend> {
  const name = 'fscrypt';
  const version = await versionOf('fscrypt', ['--version'], /version ([\w.-]+)/);
  const missing = [
    ...(version === undefined ? ['fscrypt is not installed'] : []),
    'it is not supported',
  ];
  return { name, version, problem: missing.join('; ') };
}

async function versionOf(
  program: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<string | undefined> {
  const { code, output } = await runProgram(program, args, { timeoutMs });
  return code === 0 ? (pattern.exec(output)?.[1] ?? 'unknown') : undefined;
}

async function accessError(device: string): Promise<string | undefined> {
  return access(device, constants.R_OK | constants.W_OK).then(
    () => undefined,
    ({ code, message }: NodeJS.ErrnoException) => code ?? message,
  );
}
