import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { installed } from '../support/debian-packages.ts';
import { Serving } from '../support/serving.ts';

// The command line clients of librabbitmq, the C library, with `waxwing serve`.
const skip = (await installed('amqp-tools')) ?? false;

let serving: Serving;

before(async () => {
  if (skip === false) serving = await Serving.start();
});

after(async () => {
  await serving?.stop();
});

/** Runs a client; returns what it printed and how it ended. */
function run(command: string, args: readonly string[], url = serving.url) {
  const common = ['--url', url, `--cacert=${serving.caFile}`];
  const { stdout, stderr, status } = spawnSync(command, [...common, ...args], { encoding: 'utf8' });
  return { stdout, stderr, status };
}

test('messages are consumed in the order they were published', { skip }, () => {
  assert.equal(run('amqp-declare-queue', ['-d', '-q', 'tools']).stdout, 'tools\n');
  for (const body of ['one ', 'two ', 'three']) {
    assert.equal(run('amqp-publish', ['-r', 'tools', '-p', '-b', body]).status, 0);
  }
  assert.equal(run('amqp-get', ['-q', 'tools']).stdout, 'one ');
  assert.equal(run('amqp-consume', ['-q', 'tools', '-c', '2', 'cat']).stdout, 'two three');
  assert.equal(run('amqp-get', ['-q', 'tools']).status, 2); // nothing left
  assert.equal(run('amqp-delete-queue', ['-q', 'tools']).stdout, '0\n');
});

test('the client’s error names the missing exchange', { skip }, () => {
  const { stderr, status } = run('amqp-publish', ['-e', 'nowhere', '-r', 'k', '-b', 'x']);
  assert.equal(status, 1);
  assert.match(stderr, /404.*NOT_FOUND - no exchange 'nowhere' in vhost '\/'/);
});

test('a wrong password is refused with the reason', { skip }, () => {
  const url = new URL(serving.url);
  url.password = 'wrong-password';
  const { stderr, status } = run('amqp-publish', ['-r', 'k', '-b', 'x'], url.href);
  assert.equal(status, 1);
  assert.match(stderr, /403.*ACCESS_REFUSED/);
});
