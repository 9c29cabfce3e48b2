import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../processes.ts';
import { ensureDebianRoot } from './debian-packages.ts';
import type { RootProgram } from './rooted-peer.ts';

const program = '/usr/local/bin/lavinmq';

/**
 * A real LavinMQ in the root of Debian trixie, where whoever measures has put it: Debian has none.
 *
 * @throws {Error} where it is not there, saying where it belongs
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

/** It wants a `/proc` even to say that. */
async function version(root: string): Promise<string> {
  const script = 'mount -t proc proc "$1/proc" && exec chroot "$1" "$2" --version';
  const inMounts = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', root, program];
  return (await runProgram('unshare', inMounts)).trim();
}
