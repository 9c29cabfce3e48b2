import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

test('each failed test is listed once, with its error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-failures-'));
  try {
    const program = join(folder, 'some.test.mjs');
    writeFileSync(
      program,
      `import { suite, test } from 'node:test';
       suite('a suite', () => {
         test('good', () => {});
         test('bad', () => { throw new Error('the reason'); });
       });`,
    );
    const reporter = pathToFileURL(join(import.meta.dirname, 'test-failures.js')).href;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { stdout, status } = spawnSync(
      process.execPath,
      ['--test', `--test-reporter=${reporter}`, program],
      { encoding: 'utf8', env },
    );
    assert.equal(status, 1);
    assert.match(stdout, /failed: bad \(.*some\.test\.mjs:4\)\nError: the reason\n/);
    assert.equal(stdout.match(/failed: /g)?.length, 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
