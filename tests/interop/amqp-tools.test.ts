import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { before, test } from 'node:test';
import { installed } from '../support/debian-packages.ts';
import { sharedWaxwing } from '../support/shared-waxwing.ts';
import type { Waxwing } from '../support/waxwing.ts';

// The command line clients of librabbitmq, the C library, with `waxwing serve`.
const skip = (await installed('amqp-tools')) ?? false;

let waxwing: Waxwing;

before(async () => {
  if (skip === false) waxwing = await sharedWaxwing();
});

/** Runs a client; returns what it printed and how it ended. */
function run(command: string, args: readonly string[], url = waxwing.amqpUrl) {
  const common = ['--url', url, `--cacert=${waxwing.environment['WAXWING_CA_FILE']}`];
  const { stdout, stderr, status } = spawnSync(command, [...common, ...args], { encoding: 'utf8' });
  return { stdout, stderr, status };
}

test('messages are consumed in the order they were published', { skip }, () => {
  assert.equal(run('amqp-declare-queue', ['-d', '-q', 'amqp-tools']).stdout, 'amqp-tools\n');
  for (const body of ['one ', 'two ', 'three']) {
    assert.equal(run('amqp-publish', ['-r', 'amqp-tools', '-p', '-b', body]).status, 0);
  }
  assert.equal(run('amqp-get', ['-q', 'amqp-tools']).stdout, 'one ');
  assert.equal(run('amqp-consume', ['-q', 'amqp-tools', '-c', '2', 'cat']).stdout, 'two three');
  assert.equal(run('amqp-get', ['-q', 'amqp-tools']).status, 2); // nothing left
  assert.equal(run('amqp-delete-queue', ['-q', 'amqp-tools']).stdout, '0\n');
});

test('the client’s error names the missing exchange', { skip }, () => {
  const { stderr, status } = run('amqp-publish', ['-e', 'nowhere', '-r', 'k', '-b', 'x']);
  assert.equal(status, 1);
  assert.match(stderr, /404.*NOT_FOUND - no exchange 'nowhere' in vhost '\/'/);
});

test('a wrong password is refused with the reason', { skip }, () => {
  const url = new URL(waxwing.amqpUrl);
  url.password = 'wrong-password';
  const { stderr, status } = run('amqp-publish', ['-r', 'k', '-b', 'x'], url.href);
  assert.equal(status, 1);
  assert.match(stderr, /403.*ACCESS_REFUSED/);
});
