import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Life, nothingLeft } from './log-crash.ts';
import { TextStore } from './log-owner.ts';
import { Machine, nothingTold, powerCut } from './machine.ts';
import { cutRecoveries, everyCut, extremes, oneCut, workedVolume } from './recovery-cuts.ts';
import { smallLog } from './trouble.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
/** Between two changes at which the power is cut; every one has its turn in the long run. */
const stride = isLong ? 1 : 3;

for (const ending of ['closed', 'cut', 'marked'] as const) {
  test(`recovery of a ${ending} volume can be interrupted at any operation, three times in a row`, async () => {
    const below = isLong ? everyCut : oneCut;
    const survivals = isLong ? [undefined, ...extremes] : [extremes[1]];
    for (let seed = 1; seed <= (isLong ? 3 : 1); seed++) {
      const machine = new Machine(seed);
      await machine.run(async () => {
        const left = await workedVolume(machine, ending);
        for (const survival of survivals) {
          machine.disk.survival = survival;
          const count = await cutRecoveries(machine, left, [everyCut, below, below]);
          assert.ok(count > 20, `${count} recoveries were cut`);
        }
      });
    }
  });
}

/** Works on an empty volume until the given change, and verifies what is left; whether it had so many. */
async function cutWork(seed: number, change: number, machine = new Machine(seed)) {
  let wasCut = false;
  await machine.run(async () => {
    await machine.format();
    const { disk } = machine;
    disk.cutAt = disk.changeCount + change;
    const texts = new TextStore();
    const told = nothingTold();
    const opened = await machine.finish(machine.open(texts, smallLog(machine.random), told));
    const life =
      opened === powerCut ? undefined : new Life(machine, texts, opened, told, 'power-cut');
    await life?.work(40);
    wasCut = disk.isCut;
    if (!wasCut) await life?.rest();
    machine.restart();
    await cutRecoveries(machine, life?.left ?? nothingLeft(), []);
  });
  return wasCut;
}

test('unsynced file names and unsynced bytes may all be lost in a power cut', async () => {
  for (const survival of extremes) {
    for (let seed = 1; seed <= (isLong ? 60 : 1); seed++) {
      for (let change = 1, wasCut = true; wasCut; change += stride) {
        const machine = new Machine(seed);
        machine.disk.survival = survival;
        wasCut = await cutWork(seed, change, machine).catch((cause: unknown) => {
          throw new Error(`cutWork(${seed}, ${change}), ${JSON.stringify(survival)}`, { cause });
        });
      }
    }
  }
});
