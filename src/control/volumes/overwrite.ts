// Overwriting data keys after their use.

import type { VolumeKey } from '../engine.ts';

/** Overwrites all data keys with zeros. */
export function overwrite(keys: readonly VolumeKey[]): void {
  for (const { dataKey, older = [] } of keys) {
    dataKey.fill(0);
    for (const each of older) each.dataKey.fill(0);
  }
}
