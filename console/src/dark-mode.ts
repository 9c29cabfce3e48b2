// Light and dark colours: those of the system, until the person chooses.

import { applyMode, Mode } from '@cloudscape-design/global-styles';
import { useSyncExternalStore } from 'react';

const system = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
let chosen: boolean | undefined;

function changed(): void {
  applyMode(isDark() ? Mode.Dark : Mode.Light);
  for (const each of [...listeners]) each();
}

function isDark(): boolean {
  return chosen ?? system.matches;
}

system.addEventListener('change', changed);
applyMode(isDark() ? Mode.Dark : Mode.Light);

/** Changes to the other colours. */
export function toggleDarkMode(): void {
  chosen = !isDark();
  changed();
}

/** Whether the colours are dark. */
export function useDarkMode(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, isDark);
}
