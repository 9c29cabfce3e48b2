// Processes of nodes that an earlier process of the service left running.

import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../../base/clock.ts';

/** The variable in the environment of every process of a node, which its own processes inherit. */
const variable = 'WAXWING_BROKER';

/** Time in which killed processes are gone, milliseconds. */
const patienceMs = 10_000;
const lookMs = 20;

/**
 * The variable that marks the processes of a broker. The folder is part of it: a copy of a data folder
 * has brokers with the same ids.
 *
 * @param folder the folder of the broker, absolute
 */
export function markOf(folder: string): Readonly<Record<string, string>> {
  return { [variable]: folder };
}

/**
 * Kills the processes of a broker that nobody supervises, and waits until they are gone. Unlike the
 * numbers of processes, which are reused, their environments show whose they are.
 *
 * @returns how many there were
 * @throws if a process does not end
 */
export async function endMarkedProcesses(folder: string): Promise<number> {
  const found = await markedProcesses(folder);
  for (const pid of found) kill(pid);
  const endMs = systemClock.monotonicMs() + patienceMs;
  // One that was being created is found by a later look.
  for (let left = found; left.length > 0; left = await markedProcesses(folder)) {
    if (systemClock.monotonicMs() > endMs) {
      throw new Error(`process ${left[0]} of an earlier start of ${folder} does not end`);
    }
    for (const pid of left) kill(pid);
    await delay(lookMs);
  }
  return found.length;
}

/** The processes that are marked. A process that has ended has no environment any more. */
async function markedProcesses(folder: string): Promise<number[]> {
  const wanted = `${variable}=${folder}`;
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const name of names) {
    // Only the superuser and the user of a process can read it; others cannot be ours.
    const text = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (text.split('\0').includes(wanted)) found.push(Number(name));
  }
  return found.filter((pid) => pid !== process.pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
