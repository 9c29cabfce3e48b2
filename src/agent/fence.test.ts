import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { Lease } from '../hosts/lease.ts';
import { Fence } from './fence.ts';

test('nodes are ended when a lease ends that was granted while they were being ended', async () => {
  const clock = new ManualClock();
  const lease = new Lease(clock);
  const ends: (() => void)[] = [];
  const end = () => new Promise<void>((resolve) => ends.push(resolve));
  const fence = new Fence(lease, end, (error) => assert.fail(String(error)));
  assert.equal(fence.isDue, false);
  lease.grant(1000);
  fence.open();
  clock.advance(1000);
  assert.equal(fence.isDue, true);
  const closed = fence.close();
  lease.grant(1000);
  fence.open();
  ends[0]?.();
  await closed;
  assert.equal(fence.isDue, false);
  clock.advance(1000);
  assert.equal(fence.isDue, true);
  const again = fence.close();
  ends[1]?.();
  await again;
  assert.equal(fence.isDue, false);
});

test('what could not be ended is tried again', async () => {
  const lease = new Lease(new ManualClock());
  const failures: unknown[] = [];
  let isStuck = true;
  const end = async () => {
    if (isStuck) throw new Error('a process does not end');
  };
  const fence = new Fence(lease, end, (error) => failures.push(error));
  await fence.close();
  assert.deepEqual([fence.isDue, failures.length], [true, 1]);
  isStuck = false;
  await fence.close();
  assert.deepEqual([fence.isDue, failures.length], [false, 1]);
});
