// `npm test` runs the linter, the search for unused code, and all test files from the compiled
// output. Options: --long includes large cases (sets WAXWING_LONG=1); --proof writes the results of
// long tests to docs/proof (sets WAXWING_PROOF=1); --node24 uses the newest supported Node version,
// which npm downloads because it has a hundred megabytes.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { childrenCpuSeconds } from './cpu-time.ts';
import { writeTestPrograms } from './test-programs.ts';
import { cpuFile } from './test-times.ts';

const isLong = process.argv.includes('--long');
const isProof = process.argv.includes('--proof');
const isNode24 = process.argv.includes('--node24');
/**
 * How many test programs run at a time. Most of them wait for other programs, disks and timers more than
 * half of their time: on two cores, five keep both busy.
 */
const programsAtOnce = 5;
/** After this time, a test program that stands still is ended and counts as failed. */
const programMs = (isLong ? 120 : 20) * 60_000;
const node24 = ['npm', 'exec', '--yes', '--package=node@24.21.0', '--', 'node'] as const;

/** Runs one step. Returns whether it succeeded. */
function step(what: string, command: string, args: readonly string[]): boolean {
  console.log(`# ${what}`);
  const env = {
    ...process.env,
    ...(isLong && { WAXWING_LONG: '1' }),
    ...(isProof && { WAXWING_PROOF: '1' }),
  };
  const before = childrenCpuSeconds();
  const { status } = spawnSync(command, args, { stdio: 'inherit', env });
  console.log(`# ${what}: ${(childrenCpuSeconds() - before).toFixed(1)} processor seconds`);
  return status === 0;
}

const bin = (name: string) => join('node_modules', '.bin', name);
const compiled = (name: string) => pathToFileURL(join('dist', 'tools', name)).href;
const programs = writeTestPrograms();
const failuresFile = join('dist', 'test-failures.txt');
const reporters = [
  ...['--test-reporter=tap', '--test-reporter-destination=stdout'],
  `--test-reporter=${compiled('test-times.js')}`,
  `--test-reporter-destination=${join('dist', 'test-times.txt')}`,
  `--test-reporter=${compiled('test-failures.js')}`,
  `--test-reporter-destination=${failuresFile}`,
];
const [node, ...nodeArguments] = isNode24 ? node24 : ([process.execPath] as const);
writeFileSync(cpuFile, '');
writeFileSync(failuresFile, '');
// The tests run last, so that their summary and the failures are the end of the output.
const passed = [
  step('lint', bin('biome'), ['check', '--error-on-warnings', '.']),
  step('what nothing uses', bin('knip'), []),
  step(`${programs.length} test programs${isNode24 ? ' under Node 24' : ''}`, node, [
    ...nodeArguments,
    `--import=${compiled('test-cpu.js')}`,
    '--test',
    `--test-concurrency=${programsAtOnce}`,
    `--test-timeout=${programMs}`,
    ...reporters,
    ...programs,
  ]),
];
process.stdout.write(readFileSync(failuresFile, 'utf8'));
process.exitCode = passed.every(Boolean) ? 0 : 1;
