import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { type CheckLimits, CheckQueue } from './check-queue.ts';
import { loginLimits } from './password.ts';

/** A queue whose checks end when the test says. */
function queueWith(limits: Partial<CheckLimits>) {
  const clock = new ManualClock();
  const queue = new CheckQueue({ ...loginLimits, concurrentMax: 1, ...limits }, clock);
  const begun: string[] = [];
  const running: ((isRight: boolean) => void)[] = [];
  const add = (source: string, user: string, origin = { source, user, isGone: false }) => {
    const result = queue.add(origin, () => {
      begun.push(`${user}@${source}`);
      return new Promise<boolean>((resolve) => running.push(resolve));
    });
    return { origin, result };
  };
  return {
    queue,
    begun,
    add,
    /** Ends the check that runs. */
    end: async (isRight = false) => {
      running.shift()?.(isRight);
      await new Promise((resolve) => setImmediate(resolve));
    },
    pass: (ms: number) => clock.advance(ms),
  };
}

test('sources, and user names of one source, are checked round-robin', async () => {
  const { add, begun, end } = queueWith({});
  for (let i = 0; i < 4; i++) add('flood', 'ann');
  add('flood', 'bob');
  add('other', 'ann');
  for (let i = 0; i < 6; i++) await end(true);
  assert.deepEqual(begun, [
    'ann@flood',
    'ann@flood',
    'ann@other',
    'bob@flood',
    'ann@flood',
    'ann@flood',
  ]);
});

test('a user name and source without failures is checked before those with failures', async () => {
  const { add, begun, end } = queueWith({});
  for (let i = 0; i < 3; i++) add('flood', 'ann');
  await end();
  await end(true);
  add('other', 'ann');
  await end();
  assert.deepEqual(begun, ['ann@flood', 'ann@flood', 'ann@flood', 'ann@other']);
  add('flood', 'ann');
  add('third', 'ann');
  await end(true);
  assert.equal(begun.at(-1), 'ann@third');
  await end(true);
});

test('a check without a waiting client is skipped', async () => {
  const { add, begun, end, queue } = queueWith({});
  add('a', 'first');
  const gone = Array.from({ length: 400 }, () => add('a', 'guessed'));
  const kept = add('a', 'guessed');
  for (const { origin } of gone) origin.isGone = true;
  await end();
  assert.deepEqual(begun, ['first@a', 'guessed@a']);
  assert.equal(queue.waitingCount, 0);
  assert.equal(await gone[0]?.result, undefined);
  await end(true);
  assert.equal(await kept.result, true);
});

test('checks above the limit of their source are rejected immediately', () => {
  const { add } = queueWith({ waitingPerSourceMax: 2 });
  const results = ['a', 'a', 'a', 'a', 'b'].map((source) => add(source, 'ann').result);
  assert.deepEqual(
    results.map((result) => result === 'busy'),
    // The first of `a` runs and does not wait.
    [false, false, false, true, false],
  );
});

test('in a full queue, the source with the most checks gives its newest place to one with fewer', async () => {
  const { add, queue } = queueWith({ waitingCountMax: 4, waitingPerSourceMax: 3 });
  const flood = ['a', 'a', 'a', 'a', 'b'].map((source) => add(source, 'ann').result);
  const other = add('c', 'ann').result;
  assert.notEqual(other, 'busy');
  assert.equal(await flood[3], 'busy');
  assert.equal(queue.waitingCount, 4);
  // Nobody has more than `b` would have then.
  add('d', 'ann');
  assert.equal(add('b', 'ann').result, 'busy');
});

test('other sources cannot keep a source out of the queue', () => {
  const { add, queue } = queueWith({ waitingCountMax: 100, waitingPerSourceMax: 50 });
  for (let i = 0; i < 1000; i++) add(`flood ${i % 20}`, `user ${i}`);
  assert.equal(queue.waitingCount, 100);
  assert.notEqual(add('person', 'ann').result, 'busy');
  assert.equal(queue.waitingCount, 100);
});

test('abandoned checks free their places in the waiting queue', () => {
  const { add } = queueWith({ waitingPerSourceMax: 2 });
  add('a', 'ann');
  const gone = [add('a', 'ann'), add('a', 'ann')];
  assert.equal(add('a', 'ann').result, 'busy');
  for (const { origin } of gone) origin.isGone = true;
  assert.notEqual(add('a', 'ann').result, 'busy');
});

test('many failures delay only the checks of the same user name and source', async () => {
  const { add, begun, end, pass } = queueWith({ failedCountMax: 3, spacingMs: 500 });
  for (let i = 0; i < 5; i++) add('a', 'ann');
  for (let i = 0; i < 3; i++) await end();
  assert.equal(begun.length, 3);
  add('a', 'bob');
  await end();
  add('b', 'ann');
  await end();
  assert.deepEqual(begun.slice(3), ['bob@a', 'ann@b']);
  pass(500);
  add('c', 'ann');
  await end();
  assert.equal(begun.filter((what) => what === 'ann@a').length, 4);
});

test('few checks of a delayed user name may wait, and other names are not affected', async () => {
  const { add, end } = queueWith({ failedCountMax: 2, waitingPerDelayedLaneMax: 2 });
  for (let i = 0; i < 5; i++) assert.notEqual(add('flood', 'ann').result, 'busy', 'not delayed');
  await end();
  await end();
  assert.equal(add('flood', 'ann').result, 'busy');
  assert.notEqual(add('flood', 'bob').result, 'busy');
  assert.notEqual(add('other', 'ann').result, 'busy');
});

test('an abandoned check of a delayed user name makes room for another one', async () => {
  const { add, end } = queueWith({ failedCountMax: 1, waitingPerDelayedLaneMax: 2 });
  add('flood', 'ann');
  await end();
  const { origin } = add('flood', 'ann');
  add('flood', 'ann');
  assert.equal(add('flood', 'ann').result, 'busy');
  origin.isGone = true;
  assert.notEqual(add('flood', 'ann').result, 'busy');
});

test('failures are forgotten after a time', async () => {
  const { add, begun, end, pass } = queueWith({
    failedCountMax: 1,
    spacingMs: 500,
    forgetMs: 1000,
  });
  add('a', 'ann');
  await end();
  pass(1001);
  add('a', 'ann');
  assert.equal(begun.length, 2);
  await end();
});

test('a check that throws reports its error, and the next check runs', async () => {
  const queue = new CheckQueue({ ...loginLimits, concurrentMax: 1 });
  const origin = { source: 'a', user: 'ann', isGone: false };
  const broken = queue.add(origin, () => Promise.reject(new Error('no memory')));
  const next = queue.add(origin, () => Promise.resolve(true));
  await assert.rejects(Promise.resolve(broken), /no memory/);
  assert.equal(await next, true);
});
