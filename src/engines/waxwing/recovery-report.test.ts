import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecoveryReport } from './recovery-report.ts';

test('a long recovery reports its progress once a second', () => {
  const said: string[] = [];
  let ms = 5000;
  const report = new RecoveryReport(
    (text) => said.push(text),
    () => ms,
  );
  for (let done = 1; done <= 20; done++) {
    ms += 200;
    report.progress(done, 20);
  }
  assert.deepEqual(
    said,
    [5, 10, 15, 20].map((done) => `recovering: ${done} of 20 segments have been read`),
  );
});
