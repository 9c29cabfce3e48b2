import { writeFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps this process's memory, and the keys in it, to itself: a core dump holds none of it (Linux,
 * core(5)), and no signal opens a debugger.
 */
export function protectMemory(): void {
  process.on('SIGUSR1', () => {}); // Node would open its inspector
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch (error) {
    // A kernel without core dumps has no such file; a sandbox may forbid it.
    process.emitWarning(`core dumps of this process may hold keys: ${String(error)}`);
  }
}

/**
 * Keeps the room for young objects from growing: what many short requests leave behind is then
 * collected soon, instead of taking tens of mebibytes first. For processes that are mostly idle.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Has every file, folder and socket that this process makes be for its user alone. */
export function protectFiles(): void {
  process.umask(0o077);
}

/** Bytes of V8's heap, with garbage that is not collected yet. */
export function heapBytes(): number {
  return getHeapStatistics().used_heap_size;
}

/** Has V8 find out in steps, or at once, what of its heap is garbage; for collections from now on. */
export function markInSteps(isInSteps: boolean): void {
  setFlagsFromString(isInSteps ? '--incremental-marking' : '--no-incremental-marking');
}

let collect: (() => void) | undefined;

/** Frees all memory that nothing refers to, and takes some ten milliseconds for it. */
export function collectGarbage(): void {
  if (collect === undefined) {
    // What `--expose-gc` does, but only from now on and for this function alone.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/** Bytes that the C library and the kernel hold for an open TLS connection, about. */
const bytesPerConnection = 48 * 1024;

/**
 * Memory that this process uses. What the kernel counts is more: memory that was freed may stay in
 * the C library's heap for as long as the process runs, and is used again before any other.
 */
export class MemoryInUse {
  /** Of the program itself, which does not change. */
  readonly #programBytes: number;

  /** To be made before much is allocated. */
  constructor() {
    const { rss, heapUsed, external } = process.memoryUsage();
    this.#programBytes = Math.max(0, rss - heapUsed - external);
  }

  /** Bytes in use, with garbage that is not collected yet; never more than the kernel counts. */
  bytes(connectionCount: number): number {
    const { rss, heapUsed, external } = process.memoryUsage();
    const live = this.#programBytes + heapUsed + external + connectionCount * bytesPerConnection;
    return Math.min(rss, live);
  }
}
