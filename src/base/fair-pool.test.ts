import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FairPool } from './fair-pool.ts';

const owner = (group: string, member = group) => ({ group, member });

test('a pool holds items until it is full', () => {
  const pool = new FairPool<number>(3);
  const given = [1, 2, 3].map((item) => pool.add(owner('a'), item));
  assert.deepEqual(given, [undefined, undefined, undefined]);
  assert.equal(pool.size, 3);
});

test('a full pool gives up the oldest item of the largest group', () => {
  const pool = new FairPool<string>(4);
  pool.add(owner('quiet'), 'q1');
  for (const item of ['l1', 'l2', 'l3']) pool.add(owner('loud'), item);
  assert.equal(pool.add(owner('other'), 'o1'), 'l1');
  assert.equal(pool.add(owner('loud'), 'l4'), 'l2');
  assert.equal(pool.size, 4);
});

test('within a group, the largest member gives up its oldest item', () => {
  const pool = new FairPool<string>(4);
  pool.add(owner('net', 'quiet'), 'q1');
  for (const item of ['l1', 'l2', 'l3']) pool.add(owner('net', 'loud'), item);
  assert.equal(pool.add(owner('net', 'third'), 't1'), 'l1');
});

test('an item of a small group survives any number of items of fewer groups than places', () => {
  const pool = new FairPool<string>(50);
  pool.add(owner('person'), 'code');
  const given = new Set<string | undefined>();
  for (let index = 0; index < 5000; index++) {
    const group = `network ${index % 49}`;
    given.add(pool.add(owner(group, `${group} ${index % 1000}`), `item ${index}`));
  }
  assert.ok(!given.has('code'));
  assert.equal(pool.size, 50);
  assert.ok(pool.delete('code'));
});

test('a removed item makes room, and is removed once', () => {
  const pool = new FairPool<string>(2);
  pool.add(owner('a'), 'a1');
  pool.add(owner('b'), 'b1');
  assert.ok(pool.delete('a1'));
  assert.ok(!pool.delete('a1'));
  assert.equal(pool.add(owner('b'), 'b2'), undefined);
  assert.equal(pool.add(owner('c'), 'c1'), 'b1');
});

test('if all groups have one item, the oldest is given up', () => {
  const pool = new FairPool<string>(3);
  for (const name of ['a', 'b', 'c']) pool.add(owner(name), name);
  assert.equal(pool.add(owner('d'), 'd'), 'a');
  assert.equal(pool.add(owner('e'), 'e'), 'b');
});
