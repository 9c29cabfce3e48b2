// The compiled code of this program, which `load-program.ts` keeps for the next start.

/** The name of the function that `load-program.ts` defines. */
export const keepCompiledCodeName = Symbol.for('waxwing.keepCompiledCode');

/**
 * Keeps the code that V8 has compiled so far for the next start of this program, unless that was done
 * before. Call it once the program has started, before it changes V8's flags: V8 accepts compiled code
 * only under the flags with which it was made. Takes tens of milliseconds, once for each build.
 */
export function keepCompiledCode(): void {
  const parts = globalThis as { [keepCompiledCodeName]?: () => void };
  parts[keepCompiledCodeName]?.();
  delete parts[keepCompiledCodeName];
}
