// `npm test` runs the linter, the search for unused code, and all test files from the compiled
// output. Options: --long includes large cases (sets WAXWING_LONG=1); --proof writes the results of
// long tests to docs/proof (sets WAXWING_PROOF=1); --node24 uses the newest supported Node version,
// which npm downloads because it has a hundred megabytes.
import { type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
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

const env = {
  ...process.env,
  ...(isLong && { WAXWING_LONG: '1' }),
  ...(isProof && { WAXWING_PROOF: '1' }),
};

/** Of the children that the steps so far have counted. */
let countedSeconds = childrenCpuSeconds();

interface Step {
  readonly isPassed: boolean;
  /** What the program wrote, if it was not written at once. */
  readonly output: string;
}

/**
 * Runs one step, and says what it cost: the children that ended since the last step ended.
 *
 * @param isBeside whether it runs beside the tests: with what they leave of the processors, and its
 *   output comes in one piece
 */
async function step(
  what: string,
  command: string,
  args: readonly string[],
  isBeside = false,
): Promise<Step> {
  console.log(`# ${what}`);
  const options: SpawnOptions = { stdio: isBeside ? ['ignore', 'pipe', 'pipe'] : 'inherit', env };
  const child = spawn(command, args, options);
  if (isBeside && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const isPassed = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status === 0));
  });
  const seconds = (childrenCpuSeconds() - countedSeconds).toFixed(1);
  countedSeconds = childrenCpuSeconds();
  console.log(`# ${what}: ${isPassed ? 'passed' : 'FAILED'}, ${seconds} processor seconds`);
  return { isPassed, output };
}

const bin = (name: string) => join('node_modules', '.bin', name);
const compiled = (name: string) => pathToFileURL(join('dist', 'tools', name)).href;
const programs = writeTestPrograms(isLong);
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
/** Programs that read the sources. They run beside the tests, since tests wait for each other. */
async function checkSources(): Promise<readonly Step[]> {
  const lint = await step('lint', bin('biome'), ['check', '--error-on-warnings', '.'], true);
  return [lint, await step('what nothing uses', bin('knip'), [], true)];
}

const [sources, tests] = await Promise.all([
  checkSources(),
  step(`${programs.length} test programs${isNode24 ? ' under Node 24' : ''}`, node, [
    ...nodeArguments,
    `--import=${compiled('test-cpu.js')}`,
    `--import=${compiled('test-tracking.js')}`,
    // V8's garbage collection threads spend about a tenth of a test program's processor time on waiting.
    '--single-threaded-gc',
    '--test',
    `--test-concurrency=${programsAtOnce}`,
    `--test-timeout=${programMs}`,
    ...reporters,
    ...programs,
  ]),
]);
// What failed is the end of the output.
for (const { isPassed, output } of sources) if (!isPassed) process.stdout.write(`\n${output}`);
process.stdout.write(readFileSync(failuresFile, 'utf8'));
process.exitCode = [...sources, tests].every(({ isPassed }) => isPassed) ? 0 : 1;
