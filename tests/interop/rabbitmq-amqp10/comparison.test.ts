import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isLong } from '../../support/proof.ts';
import { RecordedAnswers } from '../comparison/answers.ts';
import { answersFile, playToRabbitMq, playToWaxwing } from './players.ts';

// rhea and amqplib, with the answers of RabbitMQ 4.0 to the same scenarios.

const recorded = RecordedAnswers.parse(readFileSync(answersFile, 'utf8'));
const skip = isLong ? false : 'the scenarios are for npm run test:long';

test('Waxwing answers match the recording', { skip }, async () => {
  const ours = await playToWaxwing();
  assert.deepEqual(Object.fromEntries(ours), Object.fromEntries(recorded.of('ours')));
});

test('each difference from RabbitMQ has a reason', () => {
  assert.deepEqual(recorded.unexplained(), []);
});

test('RabbitMQ answers match the recording', { skip }, async (t) => {
  const theirs = await playToRabbitMq();
  if (typeof theirs === 'string') {
    t.skip(theirs);
    return;
  }
  assert.deepEqual(Object.fromEntries(theirs), Object.fromEntries(recorded.of('theirs')));
});
