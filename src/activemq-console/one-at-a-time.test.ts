import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OneAtATime } from './one-at-a-time.ts';

test('tasks are performed one after the other, even after one that failed', async () => {
  const tasks = new OneAtATime();
  const seen: string[] = [];
  let runningCount = 0;
  const task = (name: string) => async () => {
    assert.equal(++runningCount, 1);
    await Promise.resolve();
    seen.push(name);
    runningCount--;
    if (name === 'b') throw new Error('b failed');
    return name;
  };
  const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => tasks.run(task(name))));
  assert.deepEqual(seen, ['a', 'b', 'c']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});
