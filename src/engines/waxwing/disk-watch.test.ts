import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiskWatch } from './disk-watch.ts';

/** A watch over a disk that has as much room as the test says, and what it told. */
function watched(reserveBytes = 1000) {
  const disk = { free: 5000, looks: 0 };
  const told: string[] = [];
  const watch = new DiskWatch({
    disk: {
      freeBytes: async () => {
        disk.looks++;
        return disk.free;
      },
    },
    folder: 'anywhere',
    reserveBytes,
    changed: (isShort) => told.push(isShort ? 'short' : 'enough'),
    reclaim: (isShort) => told.push(isShort ? 'reclaim' : 'reclaim more'),
    failed: (error) => told.push(String(error)),
  });
  /** Lets time pass until the next look. */
  const tick = async (nowMs: number) => {
    watch.tick(nowMs);
    await new Promise(setImmediate);
  };
  return { disk, told, watch, tick };
}

test('publishers are blocked while free disk space is below the limit, and space is reclaimed', async () => {
  const { disk, told, tick, watch } = watched();
  await tick(0);
  disk.free = 999;
  await tick(1000);
  await tick(2000);
  assert.equal(watch.isShort, true);
  disk.free = 1000;
  await tick(3000);
  assert.equal(watch.isShort, false);
  assert.deepEqual(told, ['short', 'reclaim', 'reclaim', 'enough', 'reclaim more']);
});

test('space reclaiming continues for a limited time after a shortage', async () => {
  const { disk, told, tick } = watched();
  disk.free = 999;
  await tick(0);
  disk.free = 1000;
  for (let second = 1; second <= 40; second++) await tick(second * 1000);
  assert.deepEqual(told.slice(0, 4), ['short', 'reclaim', 'enough', 'reclaim more']);
  assert.equal(told.filter((what) => what === 'reclaim more').length, 30);
});

test('the disk is checked once a second, and sooner after large writes', async () => {
  const { disk, watch, tick } = watched();
  await tick(0);
  await tick(999);
  assert.equal(disk.looks, 1);
  watch.written(4 * 1024 * 1024);
  await tick(999);
  assert.equal(disk.looks, 2);
});

test('publishers stay blocked when a full disk is still below the free space limit', async () => {
  const { disk, told, tick, watch } = watched();
  watch.setFull(true);
  disk.free = 10;
  await tick(0);
  watch.setFull(false);
  assert.equal(watch.isShort, true);
  disk.free = 2000;
  await tick(1000);
  assert.equal(watch.isShort, false);
  assert.deepEqual(told.slice(-2), ['enough', 'reclaim more']);
});

test('the disk is not checked if the free space limit is 0', async () => {
  const { disk, tick } = watched(0);
  await tick(0);
  assert.equal(disk.looks, 0);
});
