import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Background } from './background.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Steps that are counted. */
function* steps(count: number, each: () => void): Generator<void> {
  for (let i = 0; i < count; i++) {
    each();
    yield;
  }
}

function background() {
  const failures: unknown[] = [];
  let sliceCount = 0;
  const made = new Background(4096, {
    isBehind: () => false,
    again: () => sliceCount++,
    failed: (error) => failures.push(error),
  });
  return { made, failures, sliceCount: () => sliceCount };
}

test('a short job is done at once', () => {
  const { made } = background();
  let [done, stepCount] = [0, 0];
  made.run(
    steps(100, () => stepCount++),
    () => done++,
  );
  assert.deepEqual([done, stepCount, made.isIdle], [1, 100, true]);
});

test('a long job is done in slices, between which others have their turn', async () => {
  const { made, sliceCount } = background();
  const order: string[] = [];
  let stepCount = 0;
  made.run(
    steps(5000, () => stepCount++),
    () => order.push('long'),
  );
  const atOnce = stepCount;
  assert.ok(atOnce > 0 && atOnce < 1000, `${atOnce} steps`);
  made.run(
    steps(800, () => {}),
    () => order.push('short'),
  );
  await turn();
  assert.ok(stepCount < 5000, `${stepCount} steps`);
  for (let left = 100; !made.isIdle && left > 0; left--) await turn();
  assert.deepEqual([order, stepCount], [['short', 'long'], 5000]);
  assert.ok(sliceCount() > 5, `${sliceCount()} slices`);
});

test('jobs that a job begins share its slice', async () => {
  const { made } = background();
  let inner = 0;
  function* outer(): Generator<void> {
    for (let i = 0; i < 100; i++) {
      made.run(steps(100, () => inner++));
      yield;
    }
  }
  made.run(outer());
  assert.ok(inner < 1000, `${inner} steps`);
  for (let left = 100; !made.isIdle && left > 0; left--) await turn();
  assert.equal(inner, 10_000);
});

test('a job that fails ends alone, and all that is left can be done at once', () => {
  const { made, failures } = background();
  function* failing(): Generator<void> {
    yield* steps(600, () => {});
    throw new Error('a bug');
  }
  let stepCount = 0;
  made.run(failing());
  made.run(steps(3000, () => stepCount++));
  made.finishJobs();
  assert.deepEqual([stepCount, failures.length, made.isIdle], [3000, 1, true]);
});
