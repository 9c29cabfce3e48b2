import { test } from 'node:test';
import { simulateStream } from './stream-lives.ts';

const seedMax = process.env['WAXWING_LONG'] === '1' ? 300 : 12;

test('a stream keeps every synced message in order, across kills, compactions and retention', async () => {
  for (let seed = 1; seed <= seedMax; seed++) await simulateStream(seed);
});
