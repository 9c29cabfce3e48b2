// Runs the shell snippets of a page in one shell, as a reader would who copies them one by one.

import { spawn } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installed } from '../support/debian-packages.ts';
import { isSessionOver, until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { type Block, readPage, repository } from './markdown.ts';

/**
 * The comments above a block that say how it is used:
 *
 * - `not run: REASON`: nothing runs it; its commands are checked (`commands.test.ts`).
 * - `run by: TEST`: not this file runs it, but this test, with the machines or servers that it needs.
 * - `needs: PROGRAM, PROGRAM`: it is skipped unless they are installed.
 * - `aws: VERSION, VERSION`: it is skipped with an older AWS CLI; one version for each major one.
 * - `debian: PACKAGE, PACKAGE`: it is skipped unless they are installed or can be.
 * - `long run`: only the long run runs it.
 * - `exits: CODE`: its shell ends with this code.
 * - `answer: PROMPT = TEXT`: what is typed when it asks this; see `terminal.py` for codes. One for each question.
 * - `output`: it is what the block before prints. `…` stands for anything.
 * - `file: NAME`: it is the contents of a file that the reader saves.
 */
export const marks = [
  ...(['not run', 'run by', 'needs', 'aws', 'debian', 'long run', 'exits'] as const),
  ...(['answer', 'output', 'file'] as const),
];

type Mark = (typeof marks)[number];

/** The value of a mark; an empty text for a mark without a value, undefined without the mark. */
export function markOf(block: Block, name: Mark): string | undefined {
  return marksOf(block, name)[0];
}

/** The values of a mark that can be there several times. */
function marksOf({ marks: all }: Block, name: Mark): string[] {
  const found = all.filter((mark) => mark === name || mark.startsWith(`${name}: `));
  return found.map((mark) => mark.slice(name.length + 2));
}

/**
 * The snippets of a page that a test runs, in their order: those that name it.
 *
 * @param test the path of its file, as pages name it
 * @param count how many there must be: a page and its test change together
 */
export function snippetsFor(test: string, page: string, count: number): string[] {
  const texts = readPage(page)
    .blocks.filter((block) => markOf(block, 'run by') === test)
    .map(({ text }) => text);
  if (texts.length !== count) throw new Error(`${page}: ${test} runs ${texts.length} snippets`);
  return texts;
}

/** Whether this file's runner runs a block, unless something is missing. */
export const isRunHere = (block: Block) =>
  block.language === 'sh' &&
  markOf(block, 'not run') === undefined &&
  markOf(block, 'run by') === undefined;

/** Where the snippets of a page run. */
export interface Place {
  /** The working directory. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What `aws --version` prints. */
  readonly awsVersion?: string;
}

/** What came of a page. */
export interface PageRun {
  readonly code: number | null;
  /** Standard error of all snippets, and which one failed. */
  readonly stderr: string;
  /** The lines of the blocks that ran. */
  readonly ran: readonly number[];
  /** Blocks that were skipped, by line, with the reason. */
  readonly skipped: readonly (readonly [line: number, reason: string])[];
  /** Outputs that are not as the page shows them. */
  readonly differences: readonly string[];
}

const timeoutMs = 300_000;

/** Runs all snippets of a page. */
export async function runPage(path: string, place: Place): Promise<PageRun> {
  const { blocks } = readPage(path);
  for (const block of blocks) saveFile(block, place.folder);
  const snippets = blocks.filter(isRunHere);
  const skipped: [number, string][] = [];
  const toRun: Block[] = [];
  for (const block of snippets) {
    const reason = await missingFor(block, place);
    if (reason === undefined) toRun.push(block);
    else skipped.push([block.line, reason]);
  }
  const outputs = mkdtempSync(join(place.folder, 'outputs-'));
  const script = scriptOf(toRun, outputs, path);
  const answers = toRun.flatMap((block) => marksOf(block, 'answer'));
  const { code, stderr } = await runShell(script, place, answers);
  const ran = toRun.map(({ line }) => line);
  const differences = code === 0 ? compare(blocks, ran, outputs) : [];
  return { code, stderr, ran, skipped, differences };
}

function saveFile(block: Block, folder: string): void {
  const name = markOf(block, 'file');
  if (name === undefined) return;
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), `${block.text}\n`);
}

const listed = (value = '') => value.split(', ').filter((each) => each !== '');

/** Why a block cannot run on this machine; undefined if it can. */
async function missingFor(block: Block, place: Place): Promise<string | undefined> {
  const { environment, awsVersion = '' } = place;
  const path = environment['PATH'] ?? '';
  if (markOf(block, 'long run') !== undefined && !isLong) return 'only the long run runs it';
  const packages = listed(markOf(block, 'debian'));
  const notInstalled = packages.length === 0 ? undefined : await installed(...packages);
  if (notInstalled !== undefined) return notInstalled;
  const missing = listed(markOf(block, 'needs')).filter((name) => !isOnPath(name, path));
  if (missing.length > 0) return `it needs ${missing.join(' and ')}`;
  const versions = markOf(block, 'aws');
  return versions === undefined || listed(versions).some((each) => isSince(awsVersion, each))
    ? undefined
    : `it needs AWS CLI ${versions}`;
}

/** Whether a version of the AWS CLI is of the same major version, and not older. */
function isSince(awsVersion: string, wanted: string): boolean {
  const numbers = (text: string) => text.split('.').map(Number);
  const [major, minor = 0] = numbers(/aws-cli\/([\d.]+)/.exec(awsVersion)?.[1] ?? '0');
  const [wantedMajor, wantedMinor = 0] = numbers(wanted);
  return major === wantedMajor && minor >= wantedMinor;
}

function isOnPath(name: string, path: string): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** One script of all blocks, so that variables and functions stay. */
function scriptOf(blocks: readonly Block[], outputs: string, path: string): string {
  const failure = `echo "${path}:$SNIPPET: failed with $?: $BASH_COMMAND" >&2`;
  const strict = `set -eEuo pipefail\ntrap '${failure}' ERR\n`;
  const parts = blocks.map((block) => {
    const begin = `SNIPPET=${block.line}`;
    const output = `"${join(outputs, String(block.line))}"`;
    const code = markOf(block, 'exits');
    if (code === undefined) return `${begin}\n{\n${block.text}\n} > ${output}\n`;
    const shell = `set +eE\ntrap - ERR\n(\n${block.text}\n) > ${output}\nCODE=$?`;
    return `${begin}\n${shell}\n${strict}test "$CODE" = ${code}\n`;
  });
  return `${strict}${parts.join('')}`;
}

const terminal = join(repository, 'tests/documents/terminal.py');

/** @param answers to questions, which programs ask a terminal: with some, the shell has one */
async function runShell(
  script: string,
  { folder, environment }: Place,
  answers: readonly string[],
): Promise<{ code: number | null; stderr: string }> {
  const [program, ...args] =
    answers.length === 0 ? ['bash', '-s'] : ['/usr/bin/python3', terminal, ...answers];
  const { WAXWING_TEST_PASSWORD, ...env } = environment;
  const child = spawn(program, args, {
    cwd: folder,
    env: answers.length === 0 ? env : environment,
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true, // a new session
    timeout: timeoutMs,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.end(script);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  await endSession(child.pid ?? 0);
  return { code, stderr };
}

/** Ends what snippets have left in the background. */
async function endSession(leader: number): Promise<void> {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    return; // nothing is left
  }
  await until('no process of the page is left', () => isSessionOver(leader));
}

/** Compares what blocks printed with the blocks that show it. */
function compare(blocks: readonly Block[], ran: readonly number[], outputs: string): string[] {
  return blocks.flatMap((block, at) => {
    const before = blocks[at - 1];
    if (markOf(block, 'output') === undefined || before === undefined) return [];
    if (!ran.includes(before.line)) return [];
    const printed = readFileSync(join(outputs, String(before.line)), 'utf8');
    return isAsShown(printed, block.text)
      ? []
      : [`line ${block.line} shows\n${block.text}\nand line ${before.line} printed\n${printed}`];
  });
}

/** Whether an output is as shown, with `…` for anything and any number of spaces alike. */
export function isAsShown(printed: string, shown: string): boolean {
  const even = (text: string) => text.trim().replaceAll(/[ \t]+/g, ' ');
  const literal = even(shown).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('…', '[^]*?')}$`).test(even(printed));
}
