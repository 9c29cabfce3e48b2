import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requirePlace } from './broker-model.ts';
import { replayOf, simulations } from './simulations.ts';

const isLong = process.env['WAXWING_LONG'] === '1';

for (const simulation of simulations) {
  test(`${simulation.name}: no crash loses or duplicates confirmed messages or changes the order`, async () => {
    const seedMax = isLong ? simulation.longCount : simulation.seedCount;
    for (let seed = 1; seed <= seedMax; seed++) {
      await simulation.run(seed).catch((cause: unknown) => {
        throw new Error(replayOf(simulation, seed), { cause });
      });
    }
  });
}

test('a missing confirmed message is reported as a disagreement', () => {
  const message = { group: 1, settledGroup: Infinity, outcome: undefined };
  requirePlace('m', message, 'q', 1);
  assert.throws(() => requirePlace('m', message, undefined, 1), /was confirmed and is lost/);
});
