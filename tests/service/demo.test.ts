import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isSessionOver, until } from '../support/processes.ts';

const demo = fileURLToPath(new URL('../../tools/demo.js', import.meta.url));

/** Runs the tour to its end; nothing may be left of it. */
async function take(...args: readonly string[]) {
  const child = spawn(process.execPath, [demo, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // a new session
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  await until('no process is left', () => isSessionOver(child.pid ?? 0));
  const [, data = ''] = /its data is in (\S+)/.exec(text) ?? [];
  assert.notEqual(data, '');
  assert.ok(!existsSync(data));
  return { code, text };
}

for (const [type, ...args] of [['RABBITMQ'], ['ACTIVEMQ', '--activemq']] as const) {
  test(`the data protection tour succeeds at every step with ${type}`, async () => {
    const { code, text } = await take(...args);
    assert.equal(code, 0, text);
    assert.match(text, new RegExp(`--engine-type ${type} `));
    assert.match(text, /\nAll statements verified in [\d.]+ s\.\n/);
    assert.match(text, /✓ all 1000 messages are there, in order\n/);
    assert.doesNotMatch(text, /✗/);
  });
}

test('the tour ends with exit code 1 if it finds readable text on disk', async () => {
  const { code, text } = await take('--canary');
  assert.equal(code, 1);
  assert.match(text, /✗ not true: neither text, .*\n +but .* is readable in \S+\/canary\n/);
  assert.doesNotMatch(text, /All as told/);
});
