// `npm run cluster-faults -- [--seed N] [--faults N] [--minutes N] [--report FILE]`: plays faults on a cluster of
// RabbitMQ under load, and says whether a confirmed message was lost. It runs in a network namespace of
// its own, whose packets it can drop; root is required.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isInOwnNetwork } from '../../support/own-network.ts';
import { writeProof } from '../../support/proof.ts';
import { playFaults, replayOf } from './fault-run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    faults: { type: 'string', default: '26' },
    minutes: { type: 'string', default: '600' },
    report: { type: 'string' },
  },
});
const [seed = 0, faults = 0, minutes = 0] = [values.seed, values.faults, values.minutes].map(
  Number,
);
if (![seed, faults, minutes].every(Number.isSafeInteger) || faults < 1 || minutes < 1) {
  const found = `--seed ${values.seed} --faults ${values.faults} --minutes ${values.minutes}`;
  throw new RangeError(`${found}: whole numbers are allowed`);
}
if (isInOwnNetwork()) {
  const report = await playFaults(seed, faults, minutes * 60_000, (text) => console.log(text));
  writeProof('cluster-faults', report);
  console.log(JSON.stringify(report, null, 2));
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(report));
  if (report.lost.length > 0 || report.otherFindings.length > 0) {
    console.log(`replay: ${replayOf(seed, faults)}`);
    process.exitCode = 1;
  }
  process.exit();
}
