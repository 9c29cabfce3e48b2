// The processes and volumes of pairs of ActiveMQ.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPairInstallation } from '../../src/engines/activemq/installation.ts';
import { mountpointOf } from '../../src/volumes/mountpoint.ts';
import { childrenOf } from './processes.ts';
import { isLong } from './proof.ts';
import type { Waxwing } from './waxwing.ts';

/** Why a test with pairs that start slowly is skipped: the machine cannot run them, or the run is short. */
export async function slowPairsSkip(): Promise<string | false> {
  const found = await findPairInstallation(process.env);
  if (typeof found === 'string') return `pairs of ActiveMQ cannot run here: ${found}`;
  return isLong ? false : 'only in the long run: a pair starts slowly';
}

/** The folder of a pair. */
export function pairFolder(waxwing: Waxwing, brokerId: string): string {
  return join(waxwing.folder.data, 'pairs', brokerId);
}

/** Where the volume of a pair is mounted while it is used. */
export function mountpointOfPair(waxwing: Waxwing, brokerId: string): string {
  const names = readdirSync(pairFolder(waxwing, brokerId));
  const volume = names.find((name) => /^(vol|fs)-/.test(name)) ?? '';
  return mountpointOf(waxwing.folder.data, volume);
}

/** The ids of the processes whose command line contains a text. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // it has ended
      }
    })
    .map(Number);
}

/** The processes of a service that copy. */
export function copiersOf(waxwing: Waxwing): number[] {
  const all = processesWith('/dist/bin/copier.mjs');
  return childrenOf(waxwing.pid).filter((pid) => all.includes(pid));
}

/** The Java machines of a pair. */
export function machinesOf(waxwing: Waxwing, brokerId: string): number[] {
  return processesWith(`${mountpointOfPair(waxwing, brokerId)}/instance-`);
}
