import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { hashPassword, hashRandomPassword, loginLimits, PasswordChecker } from './password.ts';

const somebody = { source: '192.0.2.1', user: 'ann', isGone: false };
const minuteMs = 60_000;
const limits = { ...loginLimits, refusalMs: 0, failedCountMax: 1000 };

test('a password matches only its own hash', async () => {
  const hash = await hashPassword('correct horse battery');
  const checker = new PasswordChecker(limits);
  assert.equal(await checker.verify('correct horse battery', hash, somebody), 'right');
  assert.equal(await checker.verify('correct horse batterx', hash, somebody), 'wrong');
  assert.equal(await checker.verify('', hash, somebody), 'wrong');
});

test('a hash states its algorithm and is unique', async () => {
  const [first, second] = await Promise.all([hashPassword('same'), hashPassword('same')]);
  assert.match(first, /^pbkdf2-sha512\$210000\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{86}==$/);
  assert.notEqual(first, second);
});

test('a random password has a hash with fewer iterations, and matches only that', async () => {
  const password = 'GpC8pRzBXaXHo4NfK6nNUvLk';
  const [hash, same] = await Promise.all([
    hashRandomPassword(password),
    hashRandomPassword(password),
  ]);
  assert.match(hash, /^pbkdf2-sha512\$1000\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{86}==$/);
  assert.notEqual(hash, same);
  const checker = new PasswordChecker(limits);
  assert.equal(await checker.verify(password, hash, somebody), 'right');
  assert.equal(await checker.verify(`${password}x`, hash, somebody), 'wrong');
});

test('a hash of an unknown format matches no password', async () => {
  const checker = new PasswordChecker(limits);
  for (const hash of ['', 'plain', 'md5$1$c2FsdA==$aGFzaA==', 'pbkdf2-sha512$1$c2FsdA==']) {
    assert.equal(await checker.verify('plain', hash, somebody), 'wrong');
  }
});

test('hashes of RabbitMQ are checked with their salt', async () => {
  const checker = new PasswordChecker(limits);
  const hashes = [
    'rabbit_password_hashing_sha256$AQIDBLtMaDpmB/95y5tEybr+TsXkMEad1Top5Q0yzQQf23Tg',
    'rabbit_password_hashing_sha512$AQIDBGKJRkIE8cAGox59V5WeO3ET3RNwfLE+hMoH5FoWwatpFxqqjCs5erfNygVfnds+yigHu5DNZxVI+5SZ60AuxUo=',
  ];
  for (const hash of hashes) {
    assert.equal(await checker.verify('incorrect', hash, somebody), 'wrong');
    assert.equal(await checker.verify('correct', hash, somebody), 'right');
  }
  for (const hash of ['rabbit_password_hashing_sha256$', 'rabbit_password_hashing_sha256']) {
    assert.equal(await checker.verify('', hash, somebody), 'wrong');
  }
});

test('a correct password is cached for ten minutes after its last use', async () => {
  const clock = new ManualClock();
  const checker = new PasswordChecker(limits, clock);
  const hash = await hashPassword('again and again');
  const isQuick = async (password: string) => {
    let isDone = false;
    const check = Promise.resolve(checker.verify(password, hash, somebody)).then((result) => {
      isDone = true;
      return result;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const wasQuick = isDone;
    return [wasQuick, await check];
  };
  assert.deepEqual(await isQuick('wrong'), [false, 'wrong']);
  assert.deepEqual(await isQuick('again and again'), [false, 'right']);
  clock.advance(9 * minuteMs);
  assert.deepEqual(await isQuick('again and again'), [true, 'right']);
  clock.advance(9 * minuteMs);
  assert.deepEqual(await isQuick('again and again'), [true, 'right']);
  clock.advance(10 * minuteMs);
  assert.deepEqual(await isQuick('again and again'), [false, 'right']);
});

test('a wrong password needs no key derivation while the correct one is cached', async () => {
  const checker = new PasswordChecker(limits);
  const hash = await hashPassword('right');
  assert.equal(await checker.verify('right', hash, somebody), 'right');
  let turns = 0;
  let isDone = false;
  const check = Promise.resolve(checker.verify('wrong', hash, somebody)).finally(() => {
    isDone = true;
  });
  // What needs a thread of the pool takes thousands of turns.
  for (; !isDone && turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(await check, 'wrong');
  assert.ok(turns < 20, `${turns} turns`);
});

test('a wrong password is checked once, and repeating it does not delay other logins', async () => {
  const checker = new PasswordChecker({ ...limits, concurrentMax: 1, failedCountMax: 1 });
  const hash = await hashPassword('right');
  assert.equal(await checker.verify('wrong', hash, somebody), 'wrong');
  // Checks of this user name from this source are spaced out by now: a second one would take its place.
  const again = Array.from({ length: 100 }, () => checker.verify('wrong', hash, somebody));
  assert.deepEqual(await Promise.all(again), Array(100).fill('wrong'));
  const other = await hashPassword('wrong');
  assert.equal(await checker.verify('wrong', other, { ...somebody, user: 'bob' }), 'right');
});

test('concurrent checks all complete', async () => {
  const checker = new PasswordChecker(limits);
  const hash = await hashPassword('one of many');
  const guesses = ['a', 'b', 'one of many', 'c', 'one of many'];
  const found = await Promise.all(guesses.map((guess) => checker.verify(guess, hash, somebody)));
  assert.deepEqual(found, ['wrong', 'wrong', 'right', 'wrong', 'right']);
});

test('a log-in that fails for another reason looks like a wrong password, including in its time', async () => {
  const clock = new ManualClock();
  const checker = new PasswordChecker({ ...limits, refusalMs: 500 }, clock);
  const hash = await hashPassword('right');
  const asked: string[] = [];
  const attempt = (password: string) => {
    const state = { isAnswered: false };
    const result = checker.verify(password, hash, somebody, () => {
      asked.push(password);
      return false;
    });
    return {
      state,
      result: Promise.resolve(result).finally(() => Object.assign(state, { isAnswered: true })),
    };
  };
  // The second and third attempts find the right password in the cache.
  for (const password of ['right', 'right', 'wrong', 'right']) {
    const { state, result } = attempt(password);
    while (clock.timerCount === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.advance(499);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(state.isAnswered, false, password);
    clock.advance(1);
    assert.equal(await result, 'wrong');
  }
  assert.deepEqual(asked, ['right', 'right', 'right']);
});

test('a wrong password of one user name is checked again for another with the same hash', async () => {
  const checker = new PasswordChecker(limits);
  const hash = await hashPassword('nobody knows');
  const isQuick = async (user: string) => {
    let isDone = false;
    const checking = checker.verify('guess', hash, { ...somebody, user });
    const result = Promise.resolve(checking).then((found) => {
      isDone = true;
      return found;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const wasQuick = isDone;
    assert.equal(await result, 'wrong');
    return wasQuick;
  };
  assert.deepEqual(
    [await isQuick('nobody'), await isQuick('nobody'), await isQuick('noone')],
    [false, true, false],
  );
});
