import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Damage, flips, judge, truncations, type Verdict } from './damage.ts';
import { folder, Machine } from './machine.ts';
import { type Ending, workedVolume } from './recovery-cuts.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 20 : 1;

/** Some of what a volume holds lies in compacted segments. */
const eager = { segmentBytes: 24_000, compaction: { lookMs: 5, looksMin: 0, share: 1 } };

/** What became of volumes with each damage: how often which reader refused them. */
async function judgeAll(
  ending: Ending,
  damages: (machine: Machine) => Iterable<Damage>,
  see: (damage: Damage, verdict: Verdict) => void,
): Promise<{ readonly start: number; readonly read: number }> {
  const refused = { start: 0, read: 0 };
  let compactedCount = 0;
  for (let seed = 1; seed <= seedMax; seed++) {
    const machine = new Machine(seed);
    await machine.run(async () => {
      const left = await workedVolume(machine, ending, eager);
      const names = machine.disk.list(folder);
      compactedCount += names.filter((name) => name.startsWith('compact-')).length;
      for (const damage of damages(machine)) {
        const verdict = await judge(machine, left, damage);
        if (verdict.isStartRefused) refused.start++;
        if (verdict.isReadRefused) refused.read++;
        see(damage, verdict);
      }
    });
  }
  assert.ok(compactedCount > 0, 'no volume has a compacted segment');
  return refused;
}

for (const ending of ['closed', 'marked'] as const) {
  /** All needed data of a closed volume must be unchanged. */
  const see = ({ name, what }: Damage, { isCheckRefused }: Verdict) => {
    if (ending === 'closed') assert.ok(isCheckRefused, `${name} ${what}, which a check lets pass`);
  };

  test(`a ${ending} volume with a truncated or missing file is intact or refused by name`, async () => {
    const refused = await judgeAll(ending, (machine) => truncations(machine, isLong), see);
    assert.ok(refused.start > 0);
  });

  test(`a ${ending} volume with a flipped bit in any block is intact or refused by name`, async () => {
    const refused = await judgeAll(ending, flips, see);
    assert.ok(refused.start > 0 && refused.read > 0, JSON.stringify(refused));
  });
}
