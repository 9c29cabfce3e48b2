import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inputPolicies, simulated } from './simulation.ts';

/** Counts the turns of the event loop that some work takes. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work;
  isDone = true;
  return turns;
}

const policy = '{"Statement":{"Effect":"Allow","Action":"mq:*","Resource":"*"}}';

test('each policy is compiled in its own turn', async () => {
  const texts = Array<string>(40).fill(policy);
  assert.ok((await turnsOf(inputPolicies(texts, 'identity', 'PolicyInputList'))) >= 39);
});

test('each action is evaluated in its own turn', async () => {
  const identity = await inputPolicies([policy], 'identity', 'PolicyInputList');
  const principal = { accountId: '111122223333', arn: '', isRoot: false };
  const subject = { principal, policies: { identity, isAccountRoot: false }, values: new Map() };
  const ActionNames = Array.from({ length: 60 }, (_, i) => `mq:List${i}`);
  assert.ok((await turnsOf(simulated({ ActionNames }, subject))) >= 59);
});
