// What a process of this machine uses.

import { readFile } from 'node:fs/promises';

/** What a process uses. */
export interface ProcessUse {
  /** Since it was started. */
  readonly cpuSeconds: number;
  /** Resident memory. */
  readonly memoryBytes: number;
}

/** Ticks of a second in the kernel's files: the same on all machines (time(7)). */
const ticks = 100;

/** Returns what a process uses; undefined if it has ended. */
export async function processUse(pid: number): Promise<ProcessUse | undefined> {
  const texts = await Promise.all(
    ['stat', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')),
  ).catch(() => undefined);
  const [stat = '', status = ''] = texts ?? [];
  return useIn(stat, status);
}

/**
 * Reads the files as in proc(5): user and system time are the 14th and 15th value of `stat`, whose second
 * one may contain blanks and parentheses.
 */
export function useIn(stat: string, status: string): ProcessUse | undefined {
  const after = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuTicks = Number(after[11]) + Number(after[12]);
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(status) ?? []; // none of a process that has ended
  if (!Number.isFinite(cpuTicks) || kib === undefined) return undefined;
  return { cpuSeconds: cpuTicks / ticks, memoryBytes: Number(kib) * 1024 };
}
