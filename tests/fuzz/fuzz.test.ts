import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLong, writeProof } from '../support/proof.ts';
import type { Fuzzer } from './fuzzer.ts';
import { canaries, fuzzers } from './fuzzers.ts';
import { type Failure, runRounds } from './rounds.ts';
import { Tally } from './tally.ts';

/** Short runs end after any of this many parts of their rounds if every handler was reached. */
const partCount = 10;

/** A short run of a fuzzer. */
async function runBriefly(
  fuzzer: Fuzzer,
  roundCount: number,
  tally: Tally,
): Promise<Failure | undefined> {
  const { handlers = [] } = fuzzer;
  const partRounds = Math.ceil(roundCount / partCount);
  for (let part = 0; part < partCount; part++) {
    const failure = await runRounds(fuzzer, 1 + part * partRounds, partRounds, tally);
    if (failure !== undefined || tally.missing(handlers).length === 0) return failure;
  }
  return undefined;
}

for (const fuzzer of fuzzers) {
  const { name, handlers = [] } = fuzzer;
  const reached = handlers.length > 0 ? ', and valid ones reach every handler' : '';
  test(`${name}: every input ends in a value or an expected error${reached}`, async (t) => {
    const tally = new Tally();
    const { roundCount = 500, longRoundCount = 100_000 } = fuzzer;
    const failure = isLong
      ? await runRounds(fuzzer, 1, longRoundCount, tally)
      : await runBriefly(fuzzer, roundCount, tally);
    assert.equal(failure?.error, undefined, failure?.replay);
    assert.deepEqual(tally.missing(handlers), [], 'handlers that no valid input has reached');
    t.diagnostic(`${tally.inputCount} inputs, ${handlers.length} handlers reached`);
    if (isLong && fuzzer.figures) writeProof(`${name}-fuzz`, fuzzer.figures());
  });
}

for (const canary of canaries) {
  test(`the bug of the ${canary.name} is found, and the printed command reproduces it`, async () => {
    const failure = await runRounds(canary, canary.firstSeed ?? 1, 20_000);
    assert.ok(failure !== undefined);
    const line = `^npm run fuzz -- --only '${canary.name}' --seed \\d+ --count 1$`;
    assert.match(failure.replay, new RegExp(line));
    assert.notEqual(await runRounds(canary, failure.seed, 1), undefined);
    assert.equal(await runRounds(canary, failure.seed - 1, 1), undefined);
  });
}

test('a handler that only invalid inputs could reach is reported', async () => {
  const handlers = ['taken', 'refused'];
  const tally = new Tally();
  const run = (_: unknown, to: Tally) => to.reach('taken');
  assert.equal(await runRounds({ name: 'two handlers', handlers, run }, 1, 100, tally), undefined);
  assert.deepEqual(tally.missing(handlers), ['refused']);
  assert.equal(tally.inputCount, 100);
});
