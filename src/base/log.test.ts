import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const module = new URL('log.js', import.meta.url).href;
const program = `import('${module}').then(({ openServiceLog }) =>
  openServiceLog('warn').warn({ brokerId: 'b-1' }, 'the disk is slow'));`;

test('a log to a pipe or file has one JSON object per line', () => {
  const { stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
  const { time, ...line } = JSON.parse(stderr) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(line, { level: 40, brokerId: 'b-1', msg: 'the disk is slow' });
});

test('a log to a terminal has readable lines', (t) => {
  const env = { ...process.env, NO_COLOR: '1', PROGRAM: program };
  const command = `'${process.execPath}' -e "$PROGRAM"`;
  const { error, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env,
    input: '',
  });
  if (error) return t.skip("the program 'script' is not installed");
  assert.match(stdout, /^\[\d\d:\d\d:\d\d\] WARN: the disk is slow\r\n +brokerId: "b-1"\r\n$/);
});
