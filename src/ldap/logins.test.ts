import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import type { LogInResult } from './directory.ts';
import { LdapError } from './errors.ts';
import { type Answer, DirectoryLogins, directoryLoginLimits } from './logins.ts';

const limits = { ...directoryLoginLimits, refusalMs: 0 };
const staff = { groups: ['staff'] };

/** A directory whose answers a test gives. */
class Asked {
  readonly names: string[] = [];
  readonly #waiting: { resolve: (answer: LogInResult) => void; reject: (error: Error) => void }[] =
    [];
  logIn(username: string): Promise<LogInResult> {
    this.names.push(username);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }
  async answer(answer: LogInResult | Error): Promise<void> {
    const first = this.#waiting.shift();
    if (answer instanceof Error) first?.reject(answer);
    else first?.resolve(answer);
    await turns();
  }
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

const attempt = (username: string, password = 'right', peerAddress = '192.0.2.1:1') => ({
  username,
  password,
  peerAddress,
  isGone: false,
});

test('a successful login is cached for one minute', async () => {
  const clock = new ManualClock();
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, limits, clock);
  const first = logins.check(attempt('amy'));
  await asked.answer(staff);
  assert.deepEqual(await first, staff);
  clock.advance(30_000);
  assert.deepEqual(await logins.check(attempt('amy')), staff);
  // A use does not prolong it: a removed user is refused a minute after the last real check.
  clock.advance(30_000);
  const again = logins.check(attempt('amy'));
  await asked.answer('unknown-user');
  assert.equal(await again, 'unknown-user');
  assert.deepEqual(asked.names, ['amy', 'amy']);
});

test('a cached login applies only to the same name and password', async () => {
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, limits, new ManualClock());
  const first = logins.check(attempt('amy', 'right'));
  await asked.answer(staff);
  await first;
  for (const [user, password] of [
    ['amy', 'wrong'],
    ['am', 'yright'],
    ['amyr', 'ight'],
    ['1 amy', 'right'],
  ] as const) {
    const other = logins.check(attempt(user, password));
    await asked.answer('wrong-password');
    assert.equal(await other, 'wrong-password', `${user} ${password}`);
  }
});

test('a refused login is cached for some seconds', async () => {
  const clock = new ManualClock();
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, limits, clock);
  const first = logins.check(attempt('amy', 'old'));
  await asked.answer('wrong-password');
  assert.equal(await first, 'wrong-password');
  for (let i = 0; i < 10; i++) {
    assert.equal(await logins.check(attempt('amy', 'old')), 'wrong-password');
  }
  assert.equal(asked.names.length, 1);
  clock.advance(limits.refusedMs);
  const later = logins.check(attempt('amy', 'old'));
  await asked.answer(staff);
  assert.deepEqual(await later, staff);
});

test('an unreachable directory refuses all logins, and is asked again immediately', async () => {
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, limits, new ManualClock());
  const away = logins.check(attempt('amy'));
  await asked.answer(new LdapError('host-unavailable', 'away'));
  assert.equal(await away, 'unavailable');
  const back = logins.check(attempt('amy'));
  await asked.answer(staff);
  assert.deepEqual(await back, staff);
});

test('a bug in the check is not treated as an answer', async () => {
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, limits, new ManualClock());
  const refused = assert.rejects(logins.check(attempt('amy')), TypeError);
  await asked.answer(new TypeError('a bug'));
  await refused;
});

test('simultaneous logins of one client send one query, and concurrent queries are limited', async () => {
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, { ...limits, concurrentMax: 2 }, new ManualClock());
  const same = Array.from({ length: 50 }, () => logins.check(attempt('amy')));
  const others = ['bob', 'eve', 'joe'].map((name) => logins.check(attempt(name)));
  await turns();
  assert.equal(asked.names.length, 2);
  for (let i = 0; i < 4; i++) await asked.answer(staff);
  const all: Answer[] = await Promise.all([...same, ...others]);
  assert.ok(all.every((answer) => answer === staff));
  assert.deepEqual(asked.names.sort(), ['amy', 'bob', 'eve', 'joe']);
});

test('waiting logins are limited per source, and those of disconnected clients are skipped', async () => {
  const asked = new Asked();
  const few = { ...limits, concurrentMax: 1, waitingCountMax: 4, waitingPerSourceMax: 2 };
  const logins = new DirectoryLogins(asked, few, new ManualClock());
  const running = logins.check(attempt('first'));
  const gone = { ...attempt('gone') };
  const waiting = [logins.check(gone), logins.check(attempt('second'))];
  assert.equal(await logins.check(attempt('third')), 'busy');
  const elsewhere = logins.check(attempt('other', 'right', '198.51.100.1:1'));
  gone.isGone = true;
  await asked.answer(staff);
  await asked.answer(staff);
  await asked.answer(staff);
  assert.deepEqual(await Promise.all(waiting), ['gone', staff]);
  assert.deepEqual([await running, await elsewhere], [staff, staff]);
  assert.ok(!asked.names.includes('gone'));
});

test('a failed login is answered after a minimum time, whatever the reason', async () => {
  const clock = new ManualClock();
  const asked = new Asked();
  const logins = new DirectoryLogins(asked, { ...limits, refusalMs: 500 }, clock);
  for (const reason of ['unknown-user', 'wrong-password'] as const) {
    let isAnswered = false;
    const check = logins.check(attempt(reason)).then(() => {
      isAnswered = true;
    });
    await asked.answer(reason);
    clock.advance(499);
    await turns();
    assert.equal(isAnswered, false);
    clock.advance(1);
    await check;
  }
});
