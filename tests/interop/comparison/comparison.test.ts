import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { JavaProgram } from '../../support/java-programs.ts';
import { isLong } from '../../support/proof.ts';
import { type Answers, RecordedAnswers } from './answers.ts';
import { answersFile, compileScenarios, playToActiveMq, playToWaxwing } from './players.ts';

// ActiveMQ's Java client and STOMP, with the answers of Debian's ActiveMQ 5.17.

const recorded = RecordedAnswers.parse(readFileSync(answersFile, 'utf8'));
// The scenarios take more than a minute.
const program = isLong ? await compileScenarios() : 'the scenarios are for npm run test:long';
const skip = typeof program === 'string' ? program : false;
const java = program as JavaProgram; // otherwise every test is skipped

let ours: Answers = new Map();

before(async () => {
  if (skip === false) ours = await playToWaxwing(java);
});

after(() => {
  if (skip === false) java.remove();
});

for (const [name, expected] of recorded.of('ours')) {
  test(`${name}: the answers match the recording`, { skip }, () => {
    assert.deepEqual(ours.get(name), expected);
  });
}

test('each difference from ActiveMQ has a reason', () => {
  assert.deepEqual(recorded.unexplained(), []);
});

test('ActiveMQ answers match the recording', {
  skip,
}, async (t) => {
  const theirs = await playToActiveMq(java);
  if (typeof theirs === 'string') {
    t.skip(theirs);
    return;
  }
  assert.deepEqual(Object.fromEntries(theirs), Object.fromEntries(recorded.of('theirs')));
});
