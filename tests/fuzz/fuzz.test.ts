import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLong, writeProof } from '../support/proof.ts';
import { canaries, fuzzers } from './fuzzers.ts';
import { runRounds } from './rounds.ts';

for (const fuzzer of fuzzers) {
  test(`${fuzzer.name}: every input ends in a value or an expected error`, async () => {
    const { roundCount = 500, longRoundCount = 100_000 } = fuzzer;
    const failure = await runRounds(fuzzer, 1, isLong ? longRoundCount : roundCount);
    assert.equal(failure?.error, undefined, failure?.replay);
    if (isLong && fuzzer.figures) writeProof(`${fuzzer.name}-fuzz`, fuzzer.figures());
  });
}

for (const canary of canaries) {
  test(`the bug of the ${canary.name} is found, and the printed command reproduces it`, async () => {
    const failure = await runRounds(canary, 1, 20_000);
    assert.ok(failure !== undefined);
    const line = `^npm run fuzz -- --only '${canary.name}' --seed \\d+ --count 1$`;
    assert.match(failure.replay, new RegExp(line));
    assert.notEqual(await runRounds(canary, failure.seed, 1), undefined);
    assert.equal(await runRounds(canary, failure.seed - 1, 1), undefined);
  });
}
