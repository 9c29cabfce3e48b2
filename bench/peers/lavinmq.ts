// LavinMQ as a measured broker.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../processes.ts';
import { ensureDebianRoot } from './debian-packages.ts';
import type { RootProgram } from './rooted-peer.ts';

const program = '/usr/local/bin/lavinmq';

/**
 * A LavinMQ in the Debian trixie root, where the user must install it, because Debian has no
 * package.
 *
 * @throws {Error} if it is not there; the message names the location
 */
export async function lavinMq(cacheFolder: string): Promise<RootProgram> {
  const root = await ensureDebianRoot(cacheFolder, 'trixie');
  const path = join(root, program);
  if (!existsSync(path)) throw new Error(`no LavinMQ, built for Debian trixie, is at ${path}`);
  return {
    version: `LavinMQ ${await version(root)}`,
    root,
    processName: 'lavinmq',
    files: () => ({}),
    command: ({ plain, tls, others: [http] }) => [
      program,
      ...['--data-dir', '/bench-data', '--bind', '127.0.0.1', '--log-level', 'warn'],
      ...['--amqp-port', String(plain), '--amqps-port', String(tls), '--http-port', String(http)],
      ...['--mqtt-port=-1', '--mqtts-port=-1'],
      ...['--cert', '/bench/server.pem', '--key', '/bench/server.key'],
      ...['--tls-min-version', '1.3'],
    ],
    environment: () => ({}),
  };
}

/** Even the version command requires `/proc`. */
async function version(root: string): Promise<string> {
  const script = 'mount -t proc proc "$1/proc" && exec chroot "$1" "$2" --version';
  const inMounts = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, program];
  return (await runProgram('unshare', inMounts)).trim();
}
