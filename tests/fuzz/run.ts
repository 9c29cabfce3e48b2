// `npm run fuzz -- [--only NAME] [--seed N] [--count ROUNDS]`: random input for every decoder and
// for whole connections. A failure prints one line that replays it.
//
// `npm run fuzz -- --long [--count INPUTS] [--minutes N]`: all fuzzers in rotation, ten million inputs
// each unless the time is over before. With WAXWING_PROOF=1, their counts are written to
// docs/proof/fuzz.json.
import { parseArgs } from 'node:util';
import { canaries, fuzzers } from './fuzzers.ts';
import { runLong } from './long-run.ts';
import { runRounds } from './rounds.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string' },
    long: { type: 'boolean', default: process.env['WAXWING_LONG'] === '1' },
    minutes: { type: 'string', default: '100000' },
  },
});
const { only, long } = values;
const seed = Number(values.seed);
const count = Number(values.count ?? (long ? 10_000_000 : 20_000));
const minutes = Number(values.minutes);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) {
  throw new RangeError(`--seed ${values.seed} --count ${values.count}: whole numbers are allowed`);
}
if (!(minutes > 0))
  throw new RangeError(`--minutes ${values.minutes}: a number above 0 is allowed`);
const all = [...fuzzers, ...canaries];
const chosen = only === undefined ? fuzzers : all.filter(({ name }) => name === only);
if (chosen.length === 0) {
  throw new RangeError(`--only '${only}': there are ${all.map(({ name }) => name).join(', ')}`);
}

async function runShort(): Promise<boolean> {
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
  return isGood;
}

const options = { seed, inputCountMax: count, minutesMax: minutes };
const isGood = long ? await runLong(chosen, canaries, options) : await runShort();
process.exitCode = isGood ? 0 : 1;
