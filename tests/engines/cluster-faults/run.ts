// `npm run cluster-faults -- [--seed N] [--faults N] [--report FILE]`: plays faults on a cluster of
// RabbitMQ under load, and says whether a confirmed message was lost. It runs in a network namespace of
// its own, whose packets it can drop; root is required.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeProof } from '../../support/proof.ts';
import { playFaults, replayOf } from './fault-run.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    faults: { type: 'string', default: '26' },
    report: { type: 'string' },
  },
});
const [seed, faults] = [Number(values.seed), Number(values.faults)];
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(faults) || faults < 1) {
  const found = `--seed ${values.seed} --faults ${values.faults}`;
  throw new RangeError(`${found}: whole numbers are allowed`);
}
const mark = 'WAXWING_FAULTS_NAMESPACE';
if (process.env[mark] === undefined) {
  const script = 'ip link set lo up && exec "$0" "$@"';
  const args = ['--net', '/bin/sh', '-c', script, process.execPath, ...process.argv.slice(1)];
  const env = { ...process.env, [mark]: '1' };
  process.exitCode = spawnSync('unshare', args, { stdio: 'inherit', env }).status ?? 1;
} else {
  const report = await playFaults(seed, faults, (text) => console.log(text));
  writeProof('cluster-faults', report);
  console.log(JSON.stringify(report, null, 2));
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(report));
  if (report.lost.length > 0 || report.otherFindings.length > 0) {
    console.log(`replay: ${replayOf(seed, faults)}`);
    process.exitCode = 1;
  }
  process.exit();
}
