import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { hashPassword, loginLimits, PasswordChecker } from '../../crypto/password.ts';
import { verifyPassword } from './verify-password.ts';

test("an unknown user with another user's password is refused as late as with a wrong one", async () => {
  const clock = new ManualClock();
  const passwords = new PasswordChecker(loginLimits, clock);
  const hash = await hashPassword('right');
  const check = (user: string) =>
    verifyPassword(passwords, 'right', hash, { peerAddress: '192.0.2.1:1', user, isGone: false });
  assert.equal(await check('ann'), true);
  assert.equal(check('ann'), true, 'at once');
  let isAnswered = false;
  const unknown = Promise.resolve(check('')).finally(() => {
    isAnswered = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(loginLimits.refusalMs - 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isAnswered, false);
  clock.advance(1);
  assert.equal(await unknown, false);
});
