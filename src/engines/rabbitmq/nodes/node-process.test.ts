import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { isRunning, until } from '../../../../tests/support/processes.ts';
import { NodeProcess } from './node-process.ts';

const options = { folder: '/', environment: { PATH: '/usr/bin:/bin' }, user: undefined };

// What a node starts is in its group, as the virtual machine of Erlang is.
const script = 'sleep 1000 & echo $!; wait';

test('a process of a node ends with the process that started it, and so does what it started', async () => {
  const program = `
    import { NodeProcess } from ${JSON.stringify(new URL('node-process.js', import.meta.url).href)};
    const events = { line: (text) => console.log(made.pid, text), ended: () => {} };
    const made = new NodeProcess({
      file: '/bin/sh', args: ['-c', ${JSON.stringify(script)}], ...${JSON.stringify(options)},
    }, events);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line = ''] = await once(createInterface({ input: child.stdout }), 'line');
  const pids = String(line).split(' ').map(Number);
  assert.deepEqual(pids.map(isRunning), [true, true]);
  child.kill('SIGKILL');
  await until('they have ended', () => !pids.some(isRunning));
});

test('a process of a node that ends has its exit code, and leaves nothing', async () => {
  const lines: string[] = [];
  const left = new NodeProcess(
    { file: '/bin/sh', args: ['-c', 'sleep 1000 & echo $!; exit 3'], ...options },
    { line: (text) => lines.push(text), ended: () => {} },
  );
  assert.equal(await left.ended, 'exit code 3');
  await until('its line', () => lines.length === 1);
  await until('what it started has ended', () => !isRunning(Number(lines[0])));
});

test('a program that is not there is an end', async () => {
  const none = new NodeProcess(
    { file: '/nonexistent', args: [], ...options },
    { line: () => {}, ended: () => {} },
  );
  assert.match(await none.ended, /exit code 127/);
});
