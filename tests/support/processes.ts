// Waiting for conditions and processes.

import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds between two looks at a condition, at least. */
const pauseMsMin = 20;

/**
 * What one look and the pause after it count for at most, milliseconds: a machine that stood still, or was
 * suspended, has not waited.
 */
const roundMsMax = 20_000;

/**
 * Milliseconds until the next look at a condition. Looks take little of a processor's time: the pause
 * is longer where a look takes long, as a call or a command does, and where there was a long wait.
 */
function pauseMs(lookMs: number, waitedMs: number): number {
  return Math.max(pauseMsMin, Math.min(8 * lookMs, 1000), Math.min(waitedMs / 50, 1000));
}

/**
 * Waits for a condition that nothing tells of.
 *
 * @param what for the error where it does not come true
 */
export async function until<T>(
  what: string | (() => string),
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<NonNullable<T>> {
  let waitedMs = 0;
  for (;;) {
    const lookedMs = performance.now();
    const found = await condition();
    if (found) return found;
    if (waitedMs > timeoutMs) {
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`);
    }
    const pause = pauseMs(performance.now() - lookedMs, waitedMs);
    await new Promise((resolve) => setTimeout(resolve, pause));
    waitedMs += Math.min(performance.now() - lookedMs, roundMsMax);
  }
}

/** Whether a process runs; one that has ended and was not yet waited for does not. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !['Z', 'X'].includes(stat.state);
}

/** The processes that a process started and that run. */
export function childrenOf(pid: number): number[] {
  return allProcesses().filter((child) => statOf(child)?.parent === pid && isRunning(child));
}

/** Whether nothing runs any more of all that a process, which led a session, has started. */
export function isSessionOver(leader: number): boolean {
  return allProcesses().every((pid) => statOf(pid)?.session !== leader || !isRunning(pid));
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly session: number;
}

/** Fields 3 to 6 of what the kernel tells of a process, after the name in brackets. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent), session: Number(session) };
  } catch {
    return undefined; // it has ended
  }
}
