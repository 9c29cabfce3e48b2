// Describes the machine of a measurement.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** The machine on which the figures were measured. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly kernel: string;
  readonly filesystem: string;
  readonly node: string;
}

function systemName(): string {
  const release = readFileSync('/etc/os-release', 'utf8');
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? 'Linux';
}

/** Describes this machine. `folder` is the data folder of the brokers. */
export function describeMachine(folder: string, node: string): Machine {
  const ask = (command: string, args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8' }).trim();
  return {
    cores: cpus().length,
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: systemName(),
    kernel: release(),
    filesystem: ask('findmnt', ['-n', '-o', 'FSTYPE', '-T', folder]),
    node: ask(node, ['--version']),
  };
}
