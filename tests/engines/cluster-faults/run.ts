// `npm run cluster-faults -- [--seed N] [--faults N] [--clusters N] [--minutes N] [--journal FILE]
// [--report FILE]`: plays faults on clusters of RabbitMQ under load, each in a network namespace of its own
// whose packets can be dropped, and says whether a confirmed message was lost. The result is written after
// each fault. A run with the same settings goes on where an aborted one ended. Root is required.

import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findRabbitMqServer } from '../../../src/engines/installed/rabbitmq.ts';
import { ownNetworkArgs } from '../../support/own-network.ts';
import { writeProof } from '../../support/proof.ts';
import { Journal, type JournalLine } from './journal.ts';
import { plan } from './kinds.ts';

/** The run ends after this many clusters have not recovered. */
const brokenMax = 6;
const worker = fileURLToPath(new URL('worker.js', import.meta.url));

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    faults: { type: 'string', default: '26' },
    clusters: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '600' },
    journal: { type: 'string' },
    report: { type: 'string' },
  },
});
const [seed = 0, faults = 0, clusters = 0, minutes = 0] = [
  values.seed,
  values.faults,
  values.clusters,
  values.minutes,
].map(Number);
if (
  ![seed, faults, clusters, minutes].every(Number.isSafeInteger) ||
  Math.min(faults, clusters, minutes) < 1
) {
  const found = Object.entries(values).map(([name, value]) => `--${name} ${value}`);
  throw new RangeError(`${found.join(' ')}: whole numbers are allowed`);
}
const usualJournal = join(tmpdir(), `waxwing-cluster-faults-${seed}-${faults}-${clusters}.jsonl`);
const journal = new Journal(values.journal ?? usualJournal, { seed, faults, clusters });
const isEnding = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => isEnding.abort());
const overTimer = setTimeout(() => isEnding.abort(), minutes * 60_000);

const { version } = await findRabbitMqServer(undefined, process.env);
const commit = execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim();
journal.begin(commit, version);
let brokenCount = 0;
await Promise.all(Array.from({ length: clusters }, (_, at) => playAll(at + 1)));
clearTimeout(overTimer);
const report = journal.report();
write();
console.log(JSON.stringify(report, null, 2));
if (report.played < faults) console.log('the same command goes on from here');
if (report.lost.length > 0 || report.otherFindings.length > 0) process.exitCode = 1;

/** Plays faults on a cluster. If it does not recover, a new cluster replaces it. */
async function playAll(own: number): Promise<void> {
  const left = () =>
    plan(seed, faults, clusters).some(
      ({ cluster, number }) => cluster === own && !journal.played.has(number),
    );
  while (left() && brokenCount < brokenMax && !isEnding.signal.aborted) {
    if ((await work(own)) !== 0) brokenCount++;
  }
}

/** Lets one program play. Returns its exit code. */
async function work(own: number): Promise<number | null> {
  const args = [seed, faults, clusters, own, ...journal.played].map(String);
  const child = spawn('unshare', ownNetworkArgs(process.execPath, worker, ...args), {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Signals of a terminal must reach this process only.
    detached: true,
  });
  const end = () => child.stdin.end();
  isEnding.signal.addEventListener('abort', end);
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as JournalLine;
    journal.add(line);
    write();
    const { played, messages, lost, late } = journal.report();
    if (line.type === 'fault') console.log(`${line.kind}: ${line.seconds} s`);
    const numbers = `${played} of ${faults} faults, ${messages.confirmed} confirmed`;
    console.log(`${numbers}, ${late.length} late, ${lost.length} lost`);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  isEnding.signal.removeEventListener('abort', end);
  return code;
}

/** Writes what was found so far. */
function write(): void {
  const found = journal.report();
  writeProof('cluster-faults', found);
  if (values.report !== undefined) writeFileSync(values.report, JSON.stringify(found));
}
