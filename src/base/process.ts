// Settings and memory of this process.

import { writeFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Protects the memory of this process, which contains keys: core dumps exclude it (Linux, core(5)),
 * and no signal opens a debugger.
 */
export function protectMemory(): void {
  process.on('SIGUSR1', () => {}); // by default, this signal opens the inspector
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch (error) {
    // The file is missing in kernels without core dumps, and a sandbox may forbid writing it.
    process.emitWarning(`core dumps of this process may contain keys: ${String(error)}`);
  }
}

/**
 * Keeps the heap small: its young generation does not grow, and its old generation grows in small
 * steps. The garbage of many short requests is then collected early, before it takes tens of MiB.
 * For processes that are mostly idle. Call it once the program is loaded, as
 * {@link prepareForConnections}.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}

/**
 * Adjusts V8 to the heap of a broker, once the program is loaded: with other flags than the default
 * ones, V8 rejects the compiled code of Node's own modules and compiles each of them when it is
 * loaded. A broker's heap is small, and received data is outside of it. A young generation that does
 * not grow frees received data early, and marking in one step takes less CPU time (decision 0015).
 */
export function prepareForConnections(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--no-incremental-marking');
}

/**
 * Selects how much V8 inlines in functions that it compiles from now on: as much as the path of a message
 * needs, which leads through many small functions of several layers (decision 0050), or as much as its own
 * limits allow. Compiled functions stay as they are.
 */
export function inlineMore(isMore: boolean): void {
  const [small, cumulative] = isMore ? [60, 4000] : [27, 920]; // the latter are V8's own
  setFlagsFromString(`--max-inlined-bytecode-size-small=${small}`);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${cumulative}`);
}

/** Makes all files, folders and sockets of this process private to its user. */
export function protectFiles(): void {
  process.umask(0o077);
}

/** The used size of V8's heap, including garbage that is not collected yet, bytes. */
export function heapBytes(): number {
  return getHeapStatistics().used_heap_size;
}

/**
 * Selects whether V8 marks live objects incrementally or in one pause, from the next collection on.
 */
export function markInSteps(isInSteps: boolean): void {
  setFlagsFromString(isInSteps ? '--incremental-marking' : '--no-incremental-marking');
}

type Collect = (options?: { readonly type: 'minor' }) => void;

let collect: Collect | undefined;

/** V8's function for collections. */
function collector(): Collect {
  if (collect === undefined) {
    // Makes `gc` available to this module only, unlike `--expose-gc`.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  return collect;
}

/** Collects all garbage. This takes tens of milliseconds. */
export function collectGarbage(): void {
  collector()();
}

/** Collects garbage among new objects. This takes less than a millisecond. */
export function collectNewGarbage(): void {
  collector()({ type: 'minor' });
}

/** Approximate memory of the C library and the kernel for an open TLS connection. */
const bytesPerConnection = 48 * 1024;

/**
 * The memory that this process uses. The kernel reports more, because freed memory may stay in the
 * heap of the C library, from which it is reused.
 */
export class MemoryInUse {
  /** The constant size of the program itself. */
  readonly #programBytes: number;

  /** Must be called before much memory is allocated. */
  constructor() {
    const { rss, heapUsed, external } = process.memoryUsage();
    this.#programBytes = Math.max(0, rss - heapUsed - external);
  }

  /** Bytes in use, including garbage that is not collected yet; at most what the kernel reports. */
  bytes(connectionCount: number): number {
    const { rss, heapUsed, external } = process.memoryUsage();
    const live = this.#programBytes + heapUsed + external + connectionCount * bytesPerConnection;
    return Math.min(rss, live);
  }
}

/** Collects garbage whenever the memory in use has grown by a number of bytes since the last time. */
export class GarbageGrowth {
  readonly #growthBytesMax: number;
  /** After the last collection. */
  #usedBytes = 0;

  constructor(growthBytesMax: number) {
    this.#growthBytesMax = growthBytesMax;
  }

  /** Looks at the memory in use. Call it about once a second. */
  look(): void {
    if (usedBytes() < this.#usedBytes + this.#growthBytesMax) return;
    collectGarbage();
    this.#usedBytes = usedBytes();
  }
}

function usedBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
