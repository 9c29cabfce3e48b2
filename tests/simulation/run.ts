// `npm run simulate -- [--only NAME] [--seed N] [--count SEEDS]`: random work and crashes against a
// model. A failure prints one line that replays it.
import { parseArgs } from 'node:util';
import { ownTests, replayOf, simulations } from './simulations.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1000' },
  },
});
const { only } = values;
const first = Number(values.seed);
const count = Number(values.count);
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  throw new RangeError(`--seed ${values.seed} --count ${values.count}: whole numbers are allowed`);
}
const all = [...simulations, ...ownTests];
const chosen = all.filter(({ name }) => only === undefined || name === only);
if (chosen.length === 0) {
  const known = all.map(({ name }) => name).join(', ');
  throw new RangeError(`--only '${only}': there are ${known}`);
}

for (const simulation of chosen) {
  let failedCount = 0;
  for (let seed = first; seed < first + count && failedCount < 5; seed++) {
    await simulation.run(seed).catch((error: unknown) => {
      failedCount++;
      console.log(`${simulation.name}: ${String(error)}; replay: ${replayOf(simulation, seed)}`);
      if (count === 1) console.log(error);
    });
  }
  if (failedCount > 0) process.exitCode = 1;
  else console.log(`${simulation.name}: seeds ${first} to ${first + count - 1}`);
}
