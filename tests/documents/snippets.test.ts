import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DeleteBrokerCommand, ListBrokersCommand } from '@aws-sdk/client-mq';
import { findPrograms } from '../support/other-programs.ts';
import { until } from '../support/processes.ts';
import { isLong, writeProof } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';
import { AwsShim } from './aws-shim.ts';
import { type Block, readPage, repository } from './markdown.ts';
import { userPages } from './pages.ts';
import { isAsShown, isRunHere, markOf, marks, runPage } from './snippets.ts';

// The shell snippets of the documents run against a real service, as a reader would run them.

/** Languages of blocks that are not programs. */
const data = ['text', 'json', 'yaml', 'ini', 'xml', 'promql'];
const programs = ['sh', 'js', 'python', 'java', 'go', 'csharp', 'php', 'ruby'];

const clis = await findPrograms({
  name: 'aws',
  versionArguments: ['--version'],
  package: 'awscli',
});

let waxwing: Waxwing;
let shim: AwsShim | undefined;
let environment: Readonly<Record<string, string>>;
before(async () => {
  const folder = new WaxwingFolder('waxwing-data');
  for (const name of ['bin', 'examples', 'node_modules', 'monitoring']) {
    symlinkSync(join(repository, name), join(folder.root, name));
  }
  const tools = join(folder.root, 'tools');
  mkdirSync(tools);
  symlinkSync(join(repository, 'bin', 'waxwing.mjs'), join(tools, 'waxwing'));
  const [cli] = typeof clis === 'string' ? [] : clis;
  if (cli !== undefined) shim = new AwsShim(tools, cli.path);
  environment = {
    ...folder.environment({ PATH: `${tools}:${process.env['PATH']}:/usr/sbin`, LANG: 'C.UTF-8' }),
    ...shim?.environment,
  };
  waxwing = await Waxwing.start({ folder });
  environment = { ...environment, WAXWING_TEST_PASSWORD: new URL(waxwing.amqpUrl).password };
});
after(async () => {
  shim?.close();
  await waxwing.remove();
});

/** Deletes the brokers that a page has created, so that the next one may use their names. */
async function deleteBrokers(): Promise<void> {
  await until('the brokers of the page are deleted', async () => {
    const { BrokerSummaries = [] } = await waxwing.mq.send(new ListBrokersCommand({}));
    const left = BrokerSummaries.filter(({ BrokerName }) => BrokerName !== 'default');
    for (const { BrokerId, BrokerState } of left) {
      if (BrokerState === 'DELETION_IN_PROGRESS') continue;
      await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId }));
    }
    return left.length === 0;
  });
}

/** What became of the snippets, for the results of a long run. */
let ran = 0;
const skipped: string[] = [];

for (const page of userPages) {
  if (!readPage(page).blocks.some(isRunHere)) continue;
  test(`the snippets of ${page} run`, async (t) => {
    if (typeof clis === 'string') return t.skip(clis);
    const awsVersion = clis[0]?.version ?? '';
    const run = await runPage(page, { folder: waxwing.folder.root, environment, awsVersion });
    await deleteBrokers();
    assert.equal(run.code, 0, run.stderr);
    assert.deepEqual(run.differences, []);
    ran += run.ran.length;
    skipped.push(...run.skipped.map(([line, reason]) => `${page}:${line}: ${reason}`));
    for (const [line, reason] of run.skipped) {
      await t.test(`the snippet at ${page}:${line}`, { skip: reason }, () => {});
    }
  });
}

/** Whether a test is there and names a page. */
function isNamedBy(runner: string, page: string): boolean {
  const file = join(repository, runner);
  return (
    /^tests\/\S+\.test\.ts$/.test(runner) &&
    existsSync(file) &&
    readFileSync(file, 'utf8').includes(`'${page}'`)
  );
}

/** What is wrong with the marks of a block; undefined if it is run, or says who runs it, or why nobody does. */
function problemOf(block: Block, page: string): string | undefined {
  const { language, marks: found } = block;
  if (data.includes(language)) return undefined;
  if (!programs.includes(language)) return `language '${language}'`;
  const isKnown = (mark: string) =>
    marks.some((name) => mark === name || mark.startsWith(`${name}: `));
  if (!found.every(isKnown)) return found.join('; ');
  const runner = markOf(block, 'run by');
  if (runner !== undefined) {
    return isNamedBy(runner, page) ? undefined : `'${runner}' does not name the page`;
  }
  const isUsed = language === 'sh' || markOf(block, 'file') !== undefined;
  return isUsed || markOf(block, 'not run') ? undefined : "neither a file nor 'not run: …'";
}

test('every block names its language, and every program is run or says why not', () => {
  const wrong = userPages.flatMap((page) =>
    readPage(page).blocks.flatMap((block) => {
      const problem = problemOf(block, page);
      return problem === undefined ? [] : [`${page}:${block.line}: ${problem}`];
    }),
  );
  assert.deepEqual(wrong, []);
});

test('a long run says how many snippets ran, and what became of the others', () => {
  const snippets = userPages.flatMap((page) =>
    readPage(page)
      .blocks.filter(({ language }) => language === 'sh')
      .map((block) => ({ where: `${page}:${block.line}`, block })),
  );
  const ranBy: Record<string, number> = {};
  const checkedOnly: string[] = [];
  for (const { where, block } of snippets) {
    const runner = markOf(block, 'run by');
    const reason = markOf(block, 'not run');
    if (runner !== undefined) ranBy[runner] = (ranBy[runner] ?? 0) + 1;
    if (reason !== undefined) checkedOnly.push(`${where}: ${reason}`);
  }
  const inShortRun = snippets.filter(
    ({ block }) => isRunHere(block) && markOf(block, 'long run') === undefined,
  ).length;
  const aws = clis[0];
  const program = typeof aws === 'string' ? aws : aws?.version;
  const counts = { snippets: snippets.length, ran, inShortRun, skipped, ranBy, checkedOnly };
  if (isLong) writeProof('snippets', { program, ...counts });
  const others = Object.values(ranBy).reduce((sum, each) => sum + each, 0);
  const isWhole = ran + skipped.length + others + checkedOnly.length === snippets.length;
  assert.ok(isWhole || ran + skipped.length === 0, JSON.stringify(counts));
});

test('a failing snippet, a wrong output and a missing program are reported', async () => {
  const folder = waxwing.folder.root;
  const run = (name: string) =>
    runPage(`tests/documents/fixtures/${name}`, { folder, environment });
  const failing = await run('failing.txt');
  assert.equal(failing.code, 1);
  assert.match(failing.stderr, /failing\.txt:9: failed with 1: false/);
  const different = await run('different.txt');
  assert.equal(different.code, 0, different.stderr);
  assert.equal(different.differences.length, 1);
  assert.match(different.differences[0] ?? '', /line 13 shows\nthree\nand line 9 printed\ntwo/);
  assert.deepEqual(different.skipped, [[22, 'it needs no-such-program']]);
  assert.deepEqual(different.ran, [3, 9, 18]);
});

test('what a program asks on its terminal is answered, and an answer that nobody asked for is reported', async () => {
  const folder = waxwing.folder.root;
  const asked = { ...environment, WAXWING_TEST_PASSWORD: 'sealed' };
  const run = (name: string) =>
    runPage(`tests/documents/fixtures/${name}`, { folder, environment: asked });
  const asking = await run('asking.txt');
  assert.deepEqual([asking.code, asking.differences], [0, []], asking.stderr);
  assert.ok(!asking.stderr.includes('sealed'), 'the terminal shows a password');
  const never = await run('not-asking.txt');
  assert.equal(never.code, 1);
  assert.match(never.stderr, /never asked: Anything\?/);
});

test('a mark that no test knows, and a test that is not there or names another page, are reported', () => {
  const block = { line: 1, language: 'sh', text: '', marks: [] };
  const problem = (...marks: string[]) => problemOf({ ...block, marks }, 'docs/guides/hosts.md');
  assert.equal(problem(), undefined);
  assert.equal(problem('run by: tests/documents/hosts-page.test.ts'), undefined);
  assert.match(problem('runs: always') ?? '', /runs: always/);
  for (const runner of ['tests/none.test.ts', 'tests/documents/servers.test.ts', 'README.md']) {
    assert.match(problem(`run by: ${runner}`) ?? '', /does not name the page/, runner);
  }
});

test('an output is compared with what is shown', () => {
  assert.ok(isAsShown('a  b\n', 'a b'));
  assert.ok(isAsShown('id 7 of 12 (x)', 'id … of … (x)'));
  assert.ok(!isAsShown('ab', 'a.'));
  assert.ok(!isAsShown('a\nb', 'a'));
});
