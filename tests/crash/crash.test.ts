import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLong, writeProof } from '../support/proof.ts';
import { CrashRun, replayOf } from './crash-run.ts';

// Kills the real service under a load of all operations with guarantees. Seed and times are random
// only in the long test.

const cycleCount = isLong ? 200 : 2;
const seed = isLong ? Date.now() % 1_000_000 : 1;

test(`${cycleCount} kills under load violate no guarantee`, async () => {
  const beganMs = performance.now();
  const report = await CrashRun.run(seed, cycleCount);
  const durationSeconds = Math.round((performance.now() - beganMs) / 1000);
  writeProof('crash', { ...report, durationSeconds });
  const { findings, messages } = report;
  const told = findings.slice(0, 10).map(({ kind, text }) => `${kind}: ${text}`);
  assert.deepEqual(told, [], `${findings.length} findings; replay: ${replayOf(seed, cycleCount)}`);
  // A run without messages proves nothing.
  assert.ok(messages.confirmed > cycleCount * 100, `${messages.confirmed} were confirmed`);
  assert.ok(messages.settled > cycleCount * 10, `${messages.settled} were settled`);
  assert.ok(messages.transactions > cycleCount, `${messages.transactions} transactions`);
});
