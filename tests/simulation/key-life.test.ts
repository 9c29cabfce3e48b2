import { test } from 'node:test';
import { simulateKeys } from './key-life.ts';

const isLong = process.env['WAXWING_LONG'] === '1';
const seedMax = isLong ? 2000 : 8;

test('keys survive power failures, and deleted material is destroyed by the next start', async () => {
  for (let seed = 1; seed <= seedMax; seed++) {
    await simulateKeys(seed).catch((cause: unknown) => {
      throw new Error(`simulateKeys(${seed})`, { cause });
    });
  }
});
