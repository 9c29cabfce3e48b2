import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LaterTurns } from './later-turns.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('work that adds more shares each turn, in order, for a limited time', async () => {
  let nowMs = 0;
  const turns = new LaterTurns(() => nowMs);
  const done: string[] = [];
  const work = (name: string, left: number) => () => {
    nowMs++;
    done.push(name + left);
    if (left > 1) turns.add(work(name, left - 1));
  };
  turns.add(work('a', 3));
  turns.add(work('b', 4));
  assert.deepEqual(done, []);
  await turn();
  assert.deepEqual(done, ['a3', 'b4', 'a2']);
  await turn();
  await turn();
  assert.deepEqual(done, ['a3', 'b4', 'a2', 'b3', 'a1', 'b2', 'b1']);
});
