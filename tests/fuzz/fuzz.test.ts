import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canary, fuzzers } from './fuzzers.ts';
import { runRounds } from './rounds.ts';

const isLong = process.env['WAXWING_LONG'] === '1';

for (const fuzzer of fuzzers) {
  test(`${fuzzer.name}: no input ends in anything but a value or an expected error`, async () => {
    const failure = await runRounds(fuzzer, 1, isLong ? 100_000 : 2000);
    assert.equal(failure?.error, undefined, failure?.replay);
  });
}

test('a fuzzer with a bug is found, and the line that is printed finds it again', async () => {
  const failure = await runRounds(canary, 1, 20_000);
  assert.ok(failure !== undefined);
  assert.match(failure.replay, /^npm run fuzz -- --only 'canary' --seed \d+ --count 1$/);
  assert.notEqual(await runRounds(canary, failure.seed, 1), undefined);
  assert.equal(await runRounds(canary, failure.seed - 1, 1), undefined);
});
