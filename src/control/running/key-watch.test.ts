import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyLost } from '../broker-keys.ts';
import { type KeyChecks, whileKeyIsUsable } from './key-watch.ts';

const checksOf = (): KeyChecks => ({ keyCheckDue: false });

test('a step is given up when the key is lost meanwhile', async () => {
  const checks = checksOf();
  let giveUp = (_: Error) => {};
  const act = () =>
    new Promise<never>((_, reject) => {
      giveUp = reject;
      checks.keyCheckDue = true;
      checks.onKeyCheckDue?.();
    });
  const check = async () => Promise.reject(new KeyLost('it is disabled'));
  const ended = whileKeyIsUsable(checks, check, () => giveUp(new Error('given up')), act);
  await assert.rejects(ended, { code: 'key-lost', message: 'it is disabled' });
  assert.deepEqual([checks.keyCheckDue, checks.onKeyCheckDue], [true, undefined]);
});

test('a step that ended before it was given up fails too', async () => {
  const checks = checksOf();
  const check = async () => Promise.reject(new KeyLost('it is disabled'));
  const act = async () => {
    checks.onKeyCheckDue?.();
    await new Promise(setImmediate);
    return 'done';
  };
  await assert.rejects(
    whileKeyIsUsable(checks, check, () => {}, act),
    { code: 'key-lost' },
  );
});

test('a key service that cannot be reached ends no step, and is asked again', async () => {
  const checks = checksOf();
  const act = async () => {
    checks.onKeyCheckDue?.();
    await new Promise(setImmediate);
    return 'done';
  };
  const check = async () => Promise.reject(new Error('unreachable'));
  const giveUp = () => assert.fail('it is given up');
  assert.equal(await whileKeyIsUsable(checks, check, giveUp, act), 'done');
  assert.equal(checks.keyCheckDue, true);
});
