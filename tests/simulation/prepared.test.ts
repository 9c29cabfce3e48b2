import { test } from 'node:test';
import { simulatePreparedCut } from './prepared-crash.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 40 : 1;
/** Between two changes at which the power is cut; every one has its turn in the long run. */
const stride = isLong ? 1 : 3;

test('a power cut at any disk operation leaves a transaction prepared or fully completed', async () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    for (let change = 1, wasCut = true; wasCut; change += stride) {
      wasCut = await simulatePreparedCut(seed, change).catch((cause: unknown) => {
        throw new Error(`simulatePreparedCut(${seed}, ${change}): ${String(cause)}`, { cause });
      });
    }
  }
});
