import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Background, type Worker } from './background.ts';

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
    monotonicMs: () => 0,
    isBehind: () => false,
    again: () => sliceCount++,
    failed: (error) => failures.push(error),
  });
  return { made, failures, sliceCount: () => sliceCount };
}

test('a short job runs immediately', () => {
  const { made } = background();
  let [done, stepCount] = [0, 0];
  made.run(
    steps(100, () => stepCount++),
    () => done++,
  );
  assert.deepEqual([done, stepCount, made.isIdle], [1, 100, true]);
});

test('a long job runs in slices, interleaved with other jobs', async () => {
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

test('jobs started by a job share its time slice', async () => {
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

test('a failed job does not affect other jobs, and all pending jobs can be finished at once', () => {
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

test('a turn ends after its time limit, even if it has units left', async () => {
  let nowMs = 0;
  const made = new Background(4096, {
    monotonicMs: () => nowMs,
    isBehind: () => false,
    again: () => {},
    failed: assert.ifError,
  });
  let stepCount = 0;
  made.run(
    steps(100, () => {
      stepCount++;
      nowMs += 2; // a step that is slow
    }),
  );
  assert.ok(stepCount > 1 && stepCount < 6, `${stepCount} steps`);
  const before = stepCount;
  await turn();
  assert.ok(stepCount > before && stepCount < before + 6, `${stepCount - before} steps`);
  for (let left = 100; !made.isIdle && left > 0; left--) await turn();
  assert.equal(stepCount, 100);
});

/** Work without end, which is counted. */
class Endless implements Worker {
  isListed = false;
  unitCount = 0;
  work(units: Background, until: number): boolean {
    for (; units.left > until; units.spend(1)) this.unitCount++;
    return true;
  }
}

test('workers and jobs share a turn, and only jobs run while the log is behind', async () => {
  let isBehind = false;
  const made: Background = new Background(4096, {
    monotonicMs: () => 0,
    isBehind: () => isBehind,
    again: () => made.work(),
    failed: assert.ifError,
  });
  const worker = new Endless();
  let stepCount = 0;
  made.add(worker);
  made.run(steps(100_000, () => stepCount++));
  for (let left = 5; left > 0; left--) await turn();
  assert.ok(worker.unitCount >= 4 * 2048 && stepCount >= 4 * 128, `${stepCount} steps`);
  isBehind = true;
  const [units, before] = [worker.unitCount, stepCount];
  for (let left = 5; left > 0; left--) await turn();
  assert.equal(worker.unitCount, units);
  assert.ok(stepCount > before);
  made.end();
});

test('a nested job waits for its turn, and its completion callback can start more work', () => {
  const { made } = background();
  const order: string[] = [];
  function* outer(): Generator<void> {
    made.run(
      steps(1, () => order.push('inner')),
      () => made.run(steps(1, () => order.push('after inner'))),
    );
    order.push('outer');
    yield;
  }
  made.run(outer(), () => order.push('outer is done'));
  made.finishJobs();
  assert.deepEqual(order, ['outer', 'outer is done', 'inner', 'after inner']);
});
