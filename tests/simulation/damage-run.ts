// The simulation of damaged volumes.

import assert from 'node:assert/strict';
import { SeededRandom } from '../support/seeded-random.ts';
import { type Damage, flips, judge, truncations, type Verdict } from './damage.ts';
import { folder, Machine } from './machine.ts';
import { type Ending, workedVolume } from './recovery-cuts.ts';

/** Some of what a volume holds lies in compacted segments. */
const eager = { segmentBytes: 24_000, compaction: { lookMs: 5, looksMin: 0, share: 1 } };

/**
 * Makes a volume, and judges a copy of it with each damage.
 *
 * @param damages of its files
 * @param see called with each verdict
 * @returns the number of its compacted segments
 */
export async function judgeVolume(
  seed: number,
  ending: Ending,
  damages: (machine: Machine) => Iterable<Damage>,
  see: (damage: Damage, verdict: Verdict) => void,
): Promise<number> {
  const machine = new Machine(seed);
  let names: readonly string[] = [];
  await machine.run(async () => {
    const left = await workedVolume(machine, ending, eager);
    // Otherwise the end of a process that refuses the volume could take the proof of the damage with it.
    const mark = machine.disk.file(`${folder}/mark`);
    mark.sync(mark.changeCount);
    names = machine.disk.list(folder);
    for (const damage of damages(machine)) see(damage, await judge(machine, left, damage));
  });
  return names.filter((name) => name.startsWith('compact-')).length;
}

/** Requires a check to refuse a closed volume with any damage: all of its data is needed. */
export function seen(ending: Ending): (damage: Damage, verdict: Verdict) => void {
  return ({ name, what }, { isCheckRefused }) => {
    // A power failure may bring the name of an overwritten header back.
    if (ending !== 'closed' || name === 'volume.old') return;
    assert.ok(isCheckRefused, `${name} ${what}, which a check lets pass`);
  };
}

/** A volume that the seed makes, with some of the damages there are. */
export async function simulateDamage(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const ending = random.pick(['closed', 'marked'] as const);
  const isFlip = random.oneIn(2);
  function* some(machine: Machine): Iterable<Damage> {
    for (const damage of isFlip ? flips(machine) : truncations(machine, false)) {
      if (random.oneIn(8)) yield damage;
    }
  }
  await judgeVolume(seed, ending, some, seen(ending));
}
