import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Damage, flips, truncations, type Verdict } from './damage.ts';
import { judgeVolume, seen } from './damage-run.ts';
import type { Machine } from './machine.ts';
import type { Ending } from './recovery-cuts.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 20 : 1;

/** What became of volumes with each damage: how often which reader refused them. */
async function judgeAll(
  ending: Ending,
  damages: (machine: Machine) => Iterable<Damage>,
  see: (damage: Damage, verdict: Verdict) => void,
): Promise<{ readonly start: number; readonly read: number }> {
  const refused = { start: 0, read: 0 };
  let compactedCount = 0;
  for (let seed = 1; seed <= seedMax; seed++) {
    compactedCount += await judgeVolume(seed, ending, damages, (damage, verdict) => {
      if (verdict.isStartRefused) refused.start++;
      if (verdict.isReadRefused) refused.read++;
      see(damage, verdict);
    });
  }
  assert.ok(compactedCount > 0, 'no volume has a compacted segment');
  return refused;
}

for (const ending of ['closed', 'marked'] as const) {
  const see = seen(ending);

  test(`a ${ending} volume with a truncated or missing file is intact or refused by name`, async () => {
    const refused = await judgeAll(ending, (machine) => truncations(machine, isLong), see);
    assert.ok(refused.start > 0);
  });

  test(`a ${ending} volume with a flipped bit in any block is intact or refused by name`, async () => {
    const refused = await judgeAll(ending, flips, see);
    assert.ok(refused.start > 0 && refused.read > 0, JSON.stringify(refused));
  });
}
