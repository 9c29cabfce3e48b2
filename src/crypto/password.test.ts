import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashAhead, hashPassword, PasswordChecker } from './password.ts';

test('a password matches its own hash and no other', async () => {
  const hash = await hashPassword('correct horse battery');
  const checker = new PasswordChecker();
  assert.equal(await checker.verify('correct horse battery', hash), true);
  assert.equal(await checker.verify('correct horse batterx', hash), false);
  assert.equal(await checker.verify('', hash), false);
});

test('a hash says how it was made, and never twice the same', async () => {
  const [first, second] = await Promise.all([hashPassword('same'), hashPassword('same')]);
  assert.match(first, /^pbkdf2-sha512\$210000\$[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{86}==$/);
  assert.notEqual(first, second);
});

test('a hash that was begun ahead is of that password, and is given away once', async () => {
  const hash = hashAhead('expected');
  const hashes = await Promise.all([hash('another'), hash('expected'), hash('expected')]);
  const checker = new PasswordChecker();
  const passwords = ['another', 'expected', 'expected'];
  const found = passwords.map((password, i) => checker.verify(password, hashes[i] ?? ''));
  assert.deepEqual(await Promise.all(found), [true, true, true]);
  assert.notEqual(hashes[1], hashes[2]);
});

test('a hash of unknown form matches nothing', async () => {
  const checker = new PasswordChecker();
  for (const hash of ['', 'plain', 'md5$1$c2FsdA==$aGFzaA==', 'pbkdf2-sha512$1$c2FsdA==']) {
    assert.equal(await checker.verify('plain', hash), false);
  }
});

test('a log-in that succeeded is remembered for ten minutes, a failed one is not', async () => {
  let nowMs = 0;
  const checker = new PasswordChecker({ nowMs: () => nowMs, monotonicMs: () => nowMs });
  const hash = await hashPassword('again and again');
  const isQuick = async (password: string) => {
    let isDone = false;
    const check = checker.verify(password, hash).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    const wasQuick = isDone;
    await check;
    return wasQuick;
  };
  assert.equal(await isQuick('again and again'), false);
  assert.equal(await isQuick('again and again'), true);
  assert.equal(await isQuick('wrong'), false);
  assert.equal(await isQuick('wrong'), false);
  nowMs = 10 * 60 * 1000;
  assert.equal(await isQuick('again and again'), false);
});

test('checks that wait for each other all end', async () => {
  const checker = new PasswordChecker();
  const hash = await hashPassword('one of many');
  const guesses = ['a', 'b', 'one of many', 'c', 'one of many'];
  const found = await Promise.all(guesses.map((guess) => checker.verify(guess, hash)));
  assert.deepEqual(found, [false, false, true, false, true]);
});
