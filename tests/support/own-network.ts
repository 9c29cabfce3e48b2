// A network namespace of a test's own, whose packets it can capture and drop. Root is required.

import { spawnSync } from 'node:child_process';

const mark = 'WAXWING_OWN_NETWORK';

/**
 * Runs this program again in a network namespace with nothing but a loopback interface, unless it runs in
 * one. Its exit code becomes that of this process.
 *
 * @returns whether this process is the one inside
 */
export function isInOwnNetwork(): boolean {
  if (process.env[mark] !== undefined) return true;
  const env = { ...process.env, [mark]: '1' };
  const args = ownNetworkArgs(process.execPath, ...process.argv.slice(1));
  process.exitCode = spawnSync('unshare', args, { stdio: 'inherit', env }).status ?? 1;
  return false;
}

/** The arguments of `unshare` that run a program in its own network namespace. */
export function ownNetworkArgs(...program: readonly string[]): string[] {
  return ['--net', '/bin/sh', '-c', 'ip link set lo up && exec "$0" "$@"', ...program];
}
