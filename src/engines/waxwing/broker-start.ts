// Starts the processes of brokers. Small, because the first code of a start contains it.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageFolder } from '../../base/package-folder.ts';
import { fipsProcess } from '../../crypto/fips-process.ts';

/** Runs the bundle of `child.ts`. */
const program = join(packageFolder, 'dist', 'bin', 'broker.js');

/**
 * Settings of glibc's allocator; sizes in bytes.
 *
 * - Allocations of at least the first size are returned to the system when they are freed. Otherwise
 *   glibc would keep freed message blocks in its heap, and publishers that wait for memory would
 *   never continue.
 * - Smaller ones are freed into the heap, which keeps up to the second size of free memory at its end.
 *   With the first setting alone, that is 128 KiB: buffers of received data would be returned and requested again hundreds
 *   of times a second, with a page fault for every 4 KiB (decision 0072).
 * - All threads use one heap. Otherwise, each thread in which V8 compiles would have its own heap, and
 *   keep several MiB of free memory in it (decision 0151).
 */
const allocatorSettings = {
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '4194304',
  MALLOC_ARENA_MAX: '1',
} as const;

/**
 * V8 collects new objects and their buffers often in a broker, whose heap is small. Helper threads would cost
 * more than they save. After a full collection, threads sweep the heap (decision 0157). The process sets
 * its other options itself, see `prepareForConnections`.
 */
export const heapOptions: readonly string[] = [
  '--no-parallel-scavenge',
  '--no-concurrent-array-buffer-sweeping',
];

/** Starts a process that waits for the start message of a broker. */
export function startBrokerProcess(): ChildProcess {
  // The process inherits no options or variables of the service: one of them could open a debugger,
  // or write a report that contains its memory.
  const fips = fipsProcess();
  return spawn(process.execPath, [...fips.options, ...heapOptions, program], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    env: { ...allocatorSettings, ...fips.environment },
  });
}
