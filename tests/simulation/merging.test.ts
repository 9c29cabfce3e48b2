import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergeRun } from './merge-crash.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 60 : 1;
/** Between two changes at which the power is cut. The long run tries all. */
const stride = isLong ? 1 : 13;

test('a power cut at any step of a merge loses and duplicates no record of a timeline', async () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    let mergedCount = 0;
    for (let change = seed, wasCut = true; wasCut; change += stride) {
      const run = new MergeRun(seed);
      wasCut = await run.run(change).catch((cause: unknown) => {
        throw new Error(`MergeRun(${seed}).run(${change})`, { cause });
      });
      mergedCount += run.mergedCount;
    }
    assert.ok(mergedCount > 20, `seed ${seed}: ${mergedCount} segments were merged`);
  }
});
