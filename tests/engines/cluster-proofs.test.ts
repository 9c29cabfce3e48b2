import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { clustersMissing } from '../support/cluster-machine.ts';
import { installed } from '../support/debian-packages.ts';
import { isLong } from '../support/proof.ts';

// Faults of a real cluster under load, and what is on its wire. Each is a program in a network namespace
// of its own; they write their results to docs/proof themselves.

const packages = [
  'faketime',
  'iptables',
  'librabbitmq-client-java',
  'default-jdk-headless',
  'python3-pika',
  'tshark',
  'sslscan',
];
const skip = (await reason()) ?? false;

/** Why they cannot run here. */
async function reason(): Promise<string | undefined> {
  if (!isLong) return 'part of the long tests';
  if (process.getuid?.() !== 0) return 'only root may create network namespaces';
  return (await clustersMissing()) ?? (await installed(...packages));
}

/** Runs a program that writes a report. */
function reportOf<T>(name: string, ...args: readonly string[]): T {
  const program = fileURLToPath(new URL(`${name}/run.js`, import.meta.url));
  const report = join(tmpdir(), `waxwing-${name}-${process.pid}.json`);
  const { status } = spawnSync(process.execPath, [program, ...args, '--report', report], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  assert.notEqual(status, null);
  return JSON.parse(readFileSync(report, 'utf8')) as T;
}

test('26 faults of a cluster lose no confirmed message', { skip }, () => {
  const seed = String(Date.now() % 1_000_000);
  const journal = join(tmpdir(), `waxwing-cluster-faults-${process.pid}.jsonl`);
  const args = ['--faults', '26', '--seed', seed, '--journal', journal];
  const found = reportOf<{ played: number; lost: string[]; otherFindings: string[] }>(
    'cluster-faults',
    ...args,
  );
  rmSync(journal);
  assert.deepEqual([found.lost, found.otherFindings], [[], []], `seed ${seed}`);
  assert.equal(found.played, 26);
});

test('everything on the wire of a cluster is TLS, and all ports accept good suites only', {
  skip,
}, () => {
  const { problems } = reportOf<{ problems: string[] }>('cluster-wire');
  assert.deepEqual(problems, []);
});
