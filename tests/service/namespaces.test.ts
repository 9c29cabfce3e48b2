import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { until } from '../support/processes.ts';
import { freePorts, main, WaxwingFolder } from '../support/waxwing-folder.ts';

// Services in separate PID namespaces, as in containers that share one volume.

const unshare = ['--pid', '--fork', '--kill-child', '--mount-proc'];
const canUnshare = spawnSync('unshare', [...unshare, 'true']).status === 0;
const skip = canUnshare ? false : 'no right to make PID namespaces (unshare --pid, as root)';

const folder = new WaxwingFolder();
const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
  folder.remove();
});

/** A service in a separate PID namespace, on the shared folder. */
function begin() {
  const serve = [main, 'serve', '--data', folder.data, ...freePorts, '--no-default-broker'];
  const child = spawn('unshare', [...unshare, process.execPath, ...serve], {
    env: folder.environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  const service = { child, output: '', hasEnded: false };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      service.output += text;
    });
  }
  child.once('close', () => {
    service.hasEnded = true;
  });
  return service;
}

type Begun = ReturnType<typeof begin>;
const isUp = ({ output }: Begun) => output.includes('list-brokers\n');

test('only one of three services started at once in their own PID namespaces runs on a folder', {
  skip,
}, async () => {
  const all = [begin(), begin(), begin()];
  await until('each runs or has ended', () => all.every((each) => isUp(each) || each.hasEnded));
  const [winner, ...more] = all.filter(isUp);
  assert.ok(winner && more.length === 0, all.map(({ output }) => output).join());
  for (const { output } of all.filter((each) => each !== winner)) {
    assert.match(output, /\/system is in use by (process 1 of another container|another process)/);
  }
});

test('a later service is refused, and the data of the first one stays intact', {
  skip,
}, async () => {
  const [winner] = [...started].filter((child) => child.exitCode === null);
  const late = begin();
  await until('it has ended', () => late.hasEnded);
  assert.match(late.output, /\/system is in use by process 1 of another container or machine \("/);
  assert.equal((await folder.run(['env', '--data', folder.data])).code, 0);
  const ended = new Promise((resolve) => winner?.once('close', resolve));
  winner?.kill('SIGKILL');
  await ended;
  const { code, stdout, stderr } = await folder.check();
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /^system: sound, not closed/);
});
