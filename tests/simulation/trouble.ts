// The failures of a simulated disk.

import assert from 'node:assert/strict';
import { StorageError } from '../../src/storage/errors.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Operation, SimDisk } from '../support/sim-disk.ts';
import type { Told } from './machine.ts';

/** The failure of the disk during one process. */
export type Trouble = 'none' | 'power-cut' | 'disk-full' | 'disk-error';

const troubles: readonly Trouble[] = [
  ...(['power-cut', 'power-cut', 'power-cut', 'power-cut'] as const),
  ...(['none', 'none', 'disk-full', 'disk-error'] as const),
];

const failing: readonly Operation[] = ['read', 'write', 'sync', 'truncate', 'open', 'syncFolder'];

/** Small segments and caches, so that everything happens often. */
export function smallLog(random: SeededRandom): Partial<LogOptions> {
  return {
    segmentBytes: random.pick([12_000, 24_000, 24_000, 80_000]),
    cacheBytes: random.pick([0, 20_000, 1_000_000]),
    isRecycling: !random.oneIn(4),
    sliceBytes: random.pick([150, 600, 2000, 100_000]),
    compaction: { lookMs: random.pick([5, 50, 1e9]), looksMin: random.below(3), share: 1 },
  };
}

/** The same for large records, so that a compaction has several of them, and small ones between. */
export function largeLog(random: SeededRandom): Partial<LogOptions> {
  return {
    ...smallLog(random),
    segmentBytes: random.pick([80_000, 600_000, 3_000_000]),
    cacheBytes: random.pick([0, 20_000, 8_000_000]),
    compaction: { lookMs: random.pick([5, 5, 50]), looksMin: random.below(2), share: 1 },
  };
}

/** Prepares what is to befall the disk. */
export function prepare(disk: SimDisk, spanMax: number): Trouble {
  const { random } = disk;
  const trouble = random.pick(troubles);
  disk.fault = () => undefined;
  if (trouble === 'power-cut') disk.cutAt = disk.changeCount + 1 + random.below(spanMax);
  if (trouble === 'disk-full') disk.capacityBytes = disk.usedBytes + random.below(60_000);
  if (trouble === 'disk-error') {
    const operation = random.pick(failing);
    let left = random.below(operation === 'read' ? 6 : 20);
    disk.fault = (asked) => (asked === operation && left-- <= 0 ? 'EIO' : undefined);
  }
  return trouble;
}

/** The disk has room again. */
export function makeRoom(disk: SimDisk): void {
  disk.capacityBytes = Infinity;
}

/** Requires a failure to be one that storage may have in this trouble. */
export function requireExpected(error: unknown, trouble: Trouble, told: Told): void {
  const isRight =
    error instanceof StorageError && error.code === 'disk-failed' && trouble === 'disk-error';
  if (!isRight) throw error;
  assert.ok(told.failure === undefined || told.failure instanceof StorageError);
}
