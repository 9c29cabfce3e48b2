import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../../tests/support/manual-clock.ts';
import { type AnswerStep, AnswerWatch, answerLimits } from './answer-watch.ts';
import { ProcessWatch } from './process-watch.ts';

/** What is due, second by second. */
function steps(watch: AnswerWatch, seconds: number): string[] {
  const found: string[] = [];
  for (let second = 1; second <= seconds; second++) {
    const step = watch.passed(1000);
    if (step !== undefined) found.push(`${second} ${step}`);
  }
  return found;
}

test('a process that does not answer is noticed after 15 s, and killed after 60 s', () => {
  const watch = new AnswerWatch(answerLimits);
  assert.deepEqual(steps(watch, 61), ['1 ask', '16 notice', '61 kill']);
  assert.ok(watch.isSilent);
  assert.deepEqual(steps(watch, 1), ['1 kill'], 'as long as it lives');
});

test('a process that answers is asked again after 5 s', () => {
  const watch = new AnswerWatch(answerLimits);
  for (let round = 0; round < 100; round++) {
    assert.deepEqual(steps(watch, round === 0 ? 1 : 5), [round === 0 ? '1 ask' : '5 ask']);
    steps(watch, 14); // late, but not too late
    assert.equal(watch.heard(true), false);
  }
});

test('any message shows that a process runs, and the question stays open', () => {
  const watch = new AnswerWatch(answerLimits);
  assert.deepEqual(steps(watch, 50), ['1 ask', '16 notice']);
  assert.equal(watch.heard(false), true, 'it was silent');
  assert.ok(!watch.isSilent);
  assert.deepEqual(steps(watch, 60), ['15 notice', '60 kill'], 'it is not asked a second time');
});

/** A process whose steps are recorded. */
class Recorded {
  readonly watch = new AnswerWatch(answerLimits);
  readonly steps: AnswerStep[] = [];

  passed(ms: number): void {
    const step = this.watch.passed(ms);
    if (step !== undefined) this.steps.push(step);
  }
}

/** A clock that goes on while its timers do not run, as that of a process that is stopped. */
class StoppedClock extends ManualClock {
  skippedMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.skippedMs;
  }
}

test('time in which the service itself was stopped, or got no processor, does not count', () => {
  const clock = new StoppedClock();
  const watch = new ProcessWatch(clock);
  const process = new Recorded();
  watch.add(process);
  clock.advance(1000);
  assert.deepEqual(process.steps, ['ask']);
  clock.skippedMs += 8 * 3_600_000; // a night
  clock.advance(1000);
  assert.deepEqual([process.steps, process.watch.silentMs], [['ask'], 2000]);
  // With a processor for a moment in every ten seconds, the limits are five times as long.
  for (let look = 0; look < 6; look++) {
    clock.skippedMs += 9000;
    clock.advance(1000);
  }
  assert.deepEqual([process.steps, process.watch.silentMs], [['ask'], 14_000]);
  watch.remove(process);
  assert.equal(clock.timerCount, 0);
});
