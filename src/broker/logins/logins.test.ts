import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Access, Users } from '../users.ts';
import { type DirectoryAnswer, type LoginFailure, Logins } from './logins.ts';

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
