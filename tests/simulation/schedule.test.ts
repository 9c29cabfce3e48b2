import { test } from 'node:test';
import { simulateScheduleCut } from './schedule-crash.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 40 : 1;
/** Between two changes at which the power is cut; every one has its turn in the long run. */
const stride = isLong ? 1 : 5;

test('a power cut at any disk operation leaves each scheduled message once: scheduled or delivered', async () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    for (let change = 1, wasCut = true; wasCut; change += stride) {
      wasCut = await simulateScheduleCut(seed, change).catch((cause: unknown) => {
        throw new Error(`simulateScheduleCut(${seed}, ${change}): ${String(cause)}`, { cause });
      });
    }
  }
});
