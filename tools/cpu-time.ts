// Processor time of child processes.

import { readFileSync } from 'node:fs';

/** The clock ticks in which Linux counts processor time. */
const ticksPerSecond = 100;

/**
 * Returns the processor seconds of all child processes that have ended, their own children included
 * if these were waited for. 0 on systems other than Linux.
 */
export function childrenCpuSeconds(): number {
  try {
    const text = readFileSync('/proc/self/stat', 'utf8');
    // Fields 16 and 17 of proc(5): user and system time of children.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / ticksPerSecond;
  } catch {
    return 0;
  }
}
