// `npm run crash -- [--seed N] [--cycles N]`: kills a broker under load and says what it broke of its
// promises. A failure prints one line that replays it, as far as a machine repeats itself.
import { parseArgs } from 'node:util';
import { CrashRun, replayOf } from './crash-run.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, cycles: { type: 'string', default: '20' } },
});
const seed = Number(values.seed);
const cycles = Number(values.cycles);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(cycles) || cycles < 1) {
  throw new RangeError(
    `--seed ${values.seed} --cycles ${values.cycles}: whole numbers are allowed`,
  );
}
let toldCount = 0;
const report = await CrashRun.run(seed, cycles, (cycle, findings) => {
  console.log(`cycle ${cycle}: ${findings.length} findings`);
  for (const { kind, text } of findings.slice(toldCount, toldCount + 10)) {
    console.log(`  ${kind}: ${text}`);
  }
  toldCount = findings.length;
});
const { findings, ...rest } = report;
console.log(JSON.stringify({ ...rest, findings: findings.length }, null, 2));
if (findings.length > 0) {
  console.log(`replay: ${replayOf(seed, cycles)}`);
  process.exitCode = 1;
}
