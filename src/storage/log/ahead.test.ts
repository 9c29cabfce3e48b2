import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ahead } from './ahead.ts';

const turns = async (count: number) => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

test('results come in the order of the items, whatever takes longer', async () => {
  let running = 0;
  let most = 0;
  const items = Array.from({ length: 100 }, (_, i) => i);
  const load = async (item: number) => {
    most = Math.max(most, ++running);
    await turns((item * 7) % 5);
    running--;
    return item * 2;
  };
  const found: number[] = [];
  for await (const each of ahead(items, load)) found.push(each);
  assert.deepEqual(
    found,
    items.map((item) => item * 2),
  );
  assert.equal(most, 16);
});

test('an error is thrown in its turn, and nothing is read any more', async () => {
  let running = 0;
  const load = async (item: number) => {
    running++;
    await turns(item === 3 ? 0 : 5);
    running--;
    if (item === 3) throw new Error('damaged');
    return item;
  };
  const found: number[] = [];
  const read = async () => {
    for await (const each of ahead([0, 1, 2, 3, 4, 5], load)) found.push(each);
  };
  await assert.rejects(read, /damaged/);
  assert.deepEqual(found, [0, 1, 2]);
  assert.equal(running, 0);
});

test('nothing is loaded after the use ends early', async () => {
  let loaded = 0;
  const load = async (item: number) => {
    await turns(1);
    loaded++;
    return item;
  };
  for await (const each of ahead(
    Array.from({ length: 100 }, (_, i) => i),
    load,
  )) {
    if (each === 2) break;
  }
  const count = loaded;
  await turns(10);
  assert.equal(loaded, count);
  assert.ok(count < 30, String(count));
});
