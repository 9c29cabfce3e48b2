import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockingWrites } from './blocking-writes.ts';

const minute = 60_000;

/** A disk that takes as long for each small write as a test says. */
class TimedDisk {
  readonly writes = new BlockingWrites();
  nowMs = 1_000_000;
  /** Writes that held up the process. */
  blockedCount = 0;
  /** Milliseconds that they held it up. */
  blockedMs = 0;

  /** One small write, as the log writes it. */
  write(durationMs: number): void {
    const beganMs = this.nowMs;
    const hasBlocked = this.writes.areAllowed(beganMs);
    if (hasBlocked) this.blockedCount++;
    else this.writes.began(beganMs);
    this.nowMs += durationMs;
    if (hasBlocked) this.blockedMs += durationMs;
    else this.writes.ended();
    this.writes.wrote(beganMs, this.nowMs, hasBlocked);
  }

  /** Small writes one after the other, for so long. */
  writeFor(ms: number, durationMs: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) this.write(durationMs);
  }
}

test('small writes to a fast disk become blocking after some that were not', () => {
  const disk = new TimedDisk();
  disk.write(0.1);
  assert.equal(disk.blockedCount, 0);
  for (let i = 0; i < 100; i++) disk.write(0.1);
  assert.ok(disk.blockedCount > 80, `${disk.blockedCount}`);
  for (let i = 0; i < 100; i++) disk.write(3);
  const before = disk.blockedCount;
  for (let i = 0; i < 100; i++) disk.write(3);
  assert.equal(disk.blockedCount, before);
});

test('a disk that stalls every second blocks the process once', () => {
  const disk = new TimedDisk();
  for (let i = 0; i < 60 * 60; i++) {
    disk.writeFor(1000, 10 / 11);
    disk.write(700);
  }
  assert.ok(disk.blockedMs < 2 * 700 + 1000, `${disk.blockedMs} ms`);
  assert.ok(disk.blockedCount > 100);
});

test('each stall that blocks the process extends the pause of blocking writes', () => {
  const disk = new TimedDisk();
  disk.writeFor(100, 1);
  let waitMs = 10 * minute;
  for (let i = 0; i < 4; i++, waitMs *= 2) {
    assert.ok(disk.writes.areAllowed(disk.nowMs));
    disk.write(5000);
    // Whatever it does meanwhile.
    disk.writeFor(1000, 1);
    assert.ok(!disk.writes.areAllowed(disk.nowMs));
    disk.nowMs += waitMs - 2000;
    assert.ok(!disk.writes.areAllowed(disk.nowMs), `stall ${i}`);
    disk.nowMs += 2000;
  }
  for (let i = 0; i < 20; i++) {
    disk.write(5000);
    disk.writeFor(1000, 1);
    disk.nowMs += 25 * 60 * minute;
  }
  assert.ok(disk.writes.areAllowed(disk.nowMs), 'a day is the longest time');
});

test('a non-blocking stall restarts the pause of blocking writes', () => {
  const disk = new TimedDisk();
  disk.writeFor(100, 1);
  disk.write(500);
  disk.nowMs += 9 * minute;
  disk.write(500);
  disk.writeFor(1000, 1);
  disk.nowMs += 9 * minute;
  assert.ok(!disk.writes.areAllowed(disk.nowMs));
  disk.nowMs += minute;
  assert.ok(disk.writes.areAllowed(disk.nowMs));
});

test('no write blocks while another disk call takes long', () => {
  const { writes, nowMs } = quick();
  writes.began(nowMs);
  assert.ok(writes.areAllowed(nowMs + 1));
  assert.ok(!writes.areAllowed(nowMs + 3));
  writes.began(nowMs + 3);
  writes.ended();
  assert.ok(!writes.areAllowed(nowMs + 3), 'one of two has ended');
  writes.ended();
  assert.ok(writes.areAllowed(nowMs + 3));
});

/** A disk that has been quick for a while. */
function quick(): TimedDisk {
  const disk = new TimedDisk();
  disk.writeFor(100, 1);
  assert.ok(disk.writes.areAllowed(disk.nowMs));
  return disk;
}
