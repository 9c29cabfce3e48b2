import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedByUser } from './bounded-by-user.ts';

test('a user with many values loses its own oldest ones, and nobody else loses any', () => {
  const values = new BoundedByUser<number>({ countMax: 100, totalMax: 1000 });
  values.set('bob', 'a', 1);
  for (let n = 0; n < 5000; n++) values.set('eve', `k${n}`, n);
  assert.equal(values.get('bob', 'a'), 1);
  assert.equal(values.get('eve', 'k4899'), undefined);
  assert.equal(values.get('eve', 'k4900'), 4900);
  assert.equal([...values.entries()].length, 101);
});

test('a value that is set again is the newest of its user', () => {
  const values = new BoundedByUser<number>({ countMax: 2, totalMax: 1000 });
  for (const key of ['a', 'b', 'a', 'c']) values.set('bob', key, 1);
  assert.deepEqual([...values.entries()].map(([key]) => key).join(), 'a,c');
});

test('beyond the total, the users with the most values lose some', () => {
  const values = new BoundedByUser<number>({ countMax: 1000, totalMax: 3000 });
  for (let n = 0; n < 10; n++) values.set('bob', `b${n}`, n);
  for (let user = 0; user < 20; user++) {
    for (let n = 0; n < 1000; n++) values.set(`user ${user}`, `k${n}`, n);
  }
  assert.ok([...values.entries()].length <= 3000);
  for (let n = 0; n < 10; n++) assert.equal(values.get('bob', `b${n}`), n);
});

test('with as many users as values, the total stays bounded', () => {
  const values = new BoundedByUser<number>({ countMax: 10, totalMax: 100 });
  for (let user = 0; user < 1000; user++) values.set(`user ${user}`, 'k', user);
  assert.equal([...values.entries()].length, 100);
});
