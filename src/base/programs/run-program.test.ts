import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runProgram } from './run-program.ts';

const sh = (script: string, timeoutMs = 60_000, input?: Buffer) =>
  runProgram('/bin/sh', ['-c', script], { timeoutMs, ...(input !== undefined && { input }) });

test('a program gets its input and returns its outputs and its code', async () => {
  const { code, output, errors } = await sh(
    'cat; echo wrong >&2; exit 3',
    60_000,
    Buffer.from('x'),
  );
  assert.deepEqual({ code, output, errors }, { code: 3, output: 'x', errors: 'wrong' });
});

test('a program gets no variable of this process', async () => {
  process.env['WAXWING_TEST_SECRET'] = 'canary';
  const { output } = await sh('env');
  delete process.env['WAXWING_TEST_SECRET'];
  assert.match(output, /^PATH=/m);
  assert.doesNotMatch(output, /canary/);
});

test('a program that does not end is killed with what it started', async () => {
  const { code, gone } = await sh('sleep 1000 & sleep 1000', 50);
  assert.equal(code, 'timed-out');
  await gone; // both have closed the outputs
});

test('only the start of an output is kept', async () => {
  const { code, output } = await sh('head -c 300000 /dev/zero | tr "\\0" x');
  assert.equal(code, 0);
  assert.equal(output.length, 64 * 1024);
});

test('a missing program, and a killed one, are told apart from exit codes', async () => {
  assert.equal((await runProgram('/no/such/program', [], { timeoutMs: 60_000 })).code, 'missing');
  assert.equal((await sh('kill -9 $$')).code, 'killed');
});
