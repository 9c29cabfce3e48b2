import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { registeredSymbol } from './test-tracking.ts';

const compiled = (name: string) => pathToFileURL(join(import.meta.dirname, name)).href;

/** What the reporter says of a test program. */
function reported(program: string): { readonly stdout: string; readonly status: number | null } {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-failures-'));
  try {
    const file = join(folder, 'some.test.mjs');
    writeFileSync(file, program);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = [
      `--import=${compiled('test-tracking.js')}`,
      `--test-reporter=${compiled('test-failures.js')}`,
    ];
    return spawnSync(process.execPath, [...options, '--test', file], { encoding: 'utf8', env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('each failed test is listed once, with its error', () => {
  const { stdout, status } = reported(
    `import { suite, test } from 'node:test';
     suite('a suite', () => {
       test('good', () => {});
       test('bad', () => { throw new Error('the reason'); });
     });`,
  );
  assert.equal(status, 1);
  assert.match(stdout, /failed: bad \(.*some\.test\.mjs:4\)\nError: the reason\n/);
  assert.equal(stdout.match(/failed: /g)?.length, 1);
});

test('an error that no test catches is listed when tests are not tracked any more', () => {
  const { stdout, status } = reported(
    `import { test } from 'node:test';
     test('throws later', async () => {
       globalThis[Symbol.for('${registeredSymbol}')]();
       const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
       setImmediate(() => { throw new Error('the late reason'); });
       await thrown;
     });`,
  );
  assert.equal(status, 1);
  assert.match(
    stdout,
    /No test has caught this error, and the program fails: Error: the late reason\n/,
  );
  assert.match(stdout, /failed: .*some\.test\.mjs/);
});
