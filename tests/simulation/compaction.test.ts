import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CompactionRun } from './compaction-crash.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 100 : 1;
/** Between two changes at which the power is cut; every one has its turn in the long run. */
const stride = isLong ? 1 : 17;

test('a power cut at any step of a compaction loses, duplicates and revives no message', async () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    let releasedCount = 0;
    let droppedCount = 0;
    let copyCount = 0;
    for (let change = seed, wasCut = true; wasCut; change += stride) {
      const run = new CompactionRun(seed);
      wasCut = await run.run(change).catch((cause: unknown) => {
        throw new Error(`CompactionRun(${seed}).run(${change})`, { cause });
      });
      releasedCount += run.releasedCount;
      droppedCount += run.droppedCount;
      copyCount += run.copyCount;
    }
    assert.ok(releasedCount > 20, `seed ${seed}: ${releasedCount} segments went`);
    assert.ok(droppedCount > 0, `seed ${seed}: no data key was dropped`);
    assert.ok(copyCount > 20, `seed ${seed}: ${copyCount} copies were completed`);
  }
});
