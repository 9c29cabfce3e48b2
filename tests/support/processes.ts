import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds between two looks at a condition. */
const lookEveryMs = 20;

/**
 * Waits for a condition that nothing tells of.
 *
 * @param what for the error where it does not come true
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  patienceMs = 30_000,
): Promise<NonNullable<T>> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > endMs) throw new Error(`not within ${patienceMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** Whether a process runs; one that has ended and was not yet waited for does not. */
export function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !['Z', 'X'].includes(stat.state);
}

/** The processes that a process started and that run. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => statOf(child)?.parent === pid && isRunning(child));
}

/** A process's state and parent: fields 3 and 4, after the name in brackets. */
function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // it is gone
  }
}
