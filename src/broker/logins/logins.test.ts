import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker } from '../../../tests/support/bare-broker.ts';
import { Access, Users } from '../users.ts';
import { type DirectoryAnswer, type LoginFailure, Logins, userWithRights } from './logins.ts';
import { RemoteRights } from './remote-rights.ts';
import type { LoginRights } from './rights.ts';
import { afterDecisions } from './undecided.ts';

const attempt = { username: 'amy', password: 'x', peerAddress: '192.0.2.1:1', isGone: false };

/** Log-ins that a directory checks, over a broker with a user of its own. */
function logins(answer: DirectoryAnswer) {
  const users = new Users();
  users.apply({ kind: 'user', user: 'amy', passwordHash: 'own', tags: [] });
  const failures: LoginFailure[] = [];
  const checks = new Logins(users, {
    directory: { check: () => Promise.resolve(answer) },
    verifyPassword: () => assert.fail('the own user must not be asked'),
    onLoginFailed: (failure) => failures.push(failure),
  });
  return { users, checks, failures };
}

test('a directory user has all permissions unless directory groups restrict them', async () => {
  const { users, checks } = logins({ groups: ['staff'] });
  const user = await checks.check(attempt);
  assert.deepEqual(user?.groups, ['staff']);
  assert.equal(checks.successCount, 1);
  const access = new Access(users, 'amy', '/', user);
  for (const right of ['configure', 'write', 'read'] as const) access.require(right, 'queue', 'Q');
  assert.throws(() => new Access(users, 'amy', '/').require('read', 'queue', 'Q'), {
    code: 'access-refused',
  });
});

test('unconfirmed directory logins are refused, and unknown names are not reported', async () => {
  for (const [answer, user] of [
    ['wrong-password', 'amy'],
    ['unknown-user', undefined],
    ['gone', undefined],
  ] as const) {
    const { checks, failures } = logins(answer);
    assert.equal(await checks.check(attempt), undefined);
    assert.deepEqual(failures, [{ user, peerAddress: '192.0.2.1:1', reason: answer }]);
  }
  for (const answer of ['busy', 'unavailable'] as const) {
    const { checks, failures } = logins(answer);
    await assert.rejects(checks.check(attempt), { code: 'resource-error' });
    assert.equal(failures[0]?.reason, answer);
    assert.equal(checks.failureCounts.get(answer), 1);
  }
});

test('a caller that cannot wait for a decision is refused, and one that can is not', async () => {
  const b = await BareBroker.open();
  const answers: ((isPermitted: boolean) => void)[] = [];
  const ask = () => new Promise<boolean>((resolve) => answers.push(resolve));
  const user = userWithRights('amy', new RemoteRights([], ask, () => 0));
  assert.throws(() => b.broker.access(user, '/'), {
    code: 'not-allowed',
    message: "access to vhost '/' refused for user 'amy'",
  });
  const access = afterDecisions(() => b.broker.access(user, '/', true));
  answers[0]?.(true);
  const found = await access;
  const required = afterDecisions(() => found.require('read', 'queue', 'q'));
  answers[1]?.(false);
  await assert.rejects(required, { code: 'access-refused' });
  found.canWait = false;
  assert.equal(found.permits('read', 'queue', 'other'), false);
  assert.equal(answers.length, 3, 'each question is asked once');
});

test('an expired log-in ends its connection, and a renewed one does not', async () => {
  const b = await BareBroker.open();
  const rights = (expiresAtMs: number): LoginRights => ({
    tags: [],
    expiresAtMs,
    permitsVhost: () => true,
    permits: () => true,
    permitsTopic: () => true,
  });
  const ended: string[] = [];
  const connect = (name: string) => {
    const user = userWithRights(name, rights(b.clock.nowMs() + 10_000));
    const access = b.broker.access(user, '/');
    const shutdown = (reason: string) => ended.push(`${name}: ${reason}`);
    b.broker.clientConnections.add({ access, channelCount: 0, shutdown });
    return access;
  };
  connect('old');
  connect('new').renew(rights(b.clock.nowMs() + 60_000));
  b.broker.tick();
  assert.deepEqual(ended, []);
  b.clock.ms += 10_000;
  b.broker.tick();
  b.broker.tick();
  assert.deepEqual(ended, ['old: credential expired']);
  b.clock.ms += 50_000;
  b.broker.tick();
  assert.deepEqual(ended, ['old: credential expired', 'new: credential expired']);
});
