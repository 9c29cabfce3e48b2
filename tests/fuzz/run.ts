// `npm run fuzz -- [--only NAME] [--seed N] [--count ROUNDS]`: random input for every decoder and
// for whole connections. A failure prints one line that replays it.
import { parseArgs } from 'node:util';
import { canaries, fuzzers } from './fuzzers.ts';
import { runRounds } from './rounds.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '20000' },
  },
});
const { only } = values;
const seed = Number(values.seed);
const count = Number(values.count);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) {
  throw new RangeError(`--seed ${values.seed} --count ${values.count}: whole numbers are allowed`);
}
const all = [...fuzzers, ...canaries];
const chosen = only === undefined ? fuzzers : all.filter(({ name }) => name === only);
if (chosen.length === 0) {
  throw new RangeError(`--only '${only}': there are ${all.map(({ name }) => name).join(', ')}`);
}

let isGood = true;
for (const canary of only === undefined ? canaries : []) {
  if ((await runRounds(canary, seed, 20_000)) !== undefined) continue;
  console.log(`the ${canary.name} did not fail: nothing that follows proves anything`);
  isGood = false;
}
for (const fuzzer of chosen) {
  const failure = await runRounds(fuzzer, seed, count);
  const figures = fuzzer.figures ? ` ${JSON.stringify(fuzzer.figures())}` : '';
  if (failure === undefined) {
    console.log(`${fuzzer.name}: ${count} rounds from seed ${seed}${figures}`);
  } else {
    isGood = false;
    console.log(`${failure.fuzzer}: ${String(failure.error)}; replay: ${failure.replay}`);
    if (count === 1) console.log(failure.error);
  }
}
process.exitCode = isGood ? 0 : 1;
