// What the main thread of a process is doing.

import { readFile } from 'node:fs/promises';

/** What a state of the kernel means, where that explains why a process does not answer. */
const meanings: Readonly<Record<string, string>> = {
  D: 'it waits for a disk',
  R: 'it computes without a pause',
  S: 'it waits for something',
  T: 'it was stopped by a signal',
  t: 'it was stopped by a debugger',
};

/** The state of the main thread of a process. */
export interface ProcessState {
  /** Whether it waits for a disk, or for another device, and cannot be ended until that answers. */
  readonly waitsForDisk: boolean;
  /** `it waits for a disk`; undefined if it is not known. */
  readonly text: string | undefined;
}

/** Reads the state of a process from `/proc`. Unknown on other systems than Linux. */
export async function processState(pid: number): Promise<ProcessState> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  // The name before it, in brackets, may contain anything.
  const letter = stat.charAt(stat.lastIndexOf(')') + 2);
  return { waitsForDisk: letter === 'D', text: meanings[letter] };
}
