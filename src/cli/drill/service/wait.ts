// Waiting for conditions.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../base/clock.ts';

/** Time between two looks at a condition, milliseconds. */
const lookEveryMs = 20;

/** Waits for a condition. Returns its value, or undefined if it does not come true in time. */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  timeoutMs: number,
): Promise<T | undefined> {
  const endMs = systemClock.monotonicMs() + timeoutMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (systemClock.monotonicMs() > endMs) return undefined;
    await sleep(lookEveryMs);
  }
}

/** Whether a process runs. A process that has ended and was not waited for does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const state = text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3);
  return text !== '' && !['Z', 'X'].includes(state);
}
