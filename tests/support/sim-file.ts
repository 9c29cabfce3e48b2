// A file of the simulated disk.

import type { SeededRandom } from './seeded-random.ts';

const sectorBytes = 512;
const pageBytes = 4096;

/** Bytes that grow as they are written. */
class Content {
  #buffer = Buffer.alloc(0);
  size = 0;

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(end, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.size);
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, offset);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    if (size < this.size) this.#buffer.fill(0, size, this.size);
    else if (size > this.size) this.write(size - 1, Buffer.alloc(1));
    this.size = size;
  }

  read(offset: number, size: number): Buffer {
    return Buffer.from(this.#buffer.subarray(offset, Math.min(this.size, offset + size)));
  }
}

/** A write and the bytes that it replaced, up to the previous size. */
type Change = { readonly before: Buffer; readonly sizeBefore: number } & (
  | { readonly offset: number; readonly bytes: Buffer }
  | { readonly size: number }
);

/** How much of what was not synced outlives a power cut. */
const survivals = ['nothing', 'everything', 'beginning', 'sectors', 'pages'] as const;
/** One of these ways. */
export type Survival = (typeof survivals)[number];

/** A file in memory, which knows what a power cut would leave of it. */
export class SimFile {
  readonly #content = new Content();
  /** Since the last sync, in order. */
  #changes: Change[] = [];
  #syncedCount = 0;

  get sizeBytes(): number {
    return this.#content.size;
  }

  read(offset: number, size: number): Buffer {
    return this.#content.read(offset, size);
  }

  write(offset: number, bytes: Buffer): void {
    const before = this.read(offset, bytes.length);
    this.#changes.push({ offset, bytes, before, sizeBefore: this.sizeBytes });
    this.#content.write(offset, bytes);
  }

  truncate(size: number): void {
    const before = this.read(size, this.sizeBytes);
    this.#changes.push({ size, before, sizeBefore: this.sizeBytes });
    this.#content.truncate(size);
  }

  /** Changes so far: those that a sync that begins now makes last. */
  get changeCount(): number {
    return this.#syncedCount + this.#changes.length;
  }

  /** Makes the first changes last. */
  sync(changeCount: number): void {
    const count = Math.max(0, changeCount - this.#syncedCount);
    this.#syncedCount += this.#changes.splice(0, count).length;
  }

  /** Turns one bit over, as a disk that fails does. */
  flip(bit: number): void {
    const at = bit >> 3;
    this.#content.write(at, Buffer.from([(this.read(at, 1)[0] ?? 0) ^ (1 << (bit & 7))]));
  }

  /** Copies the file to another disk. */
  clone(): SimFile {
    const copy = new SimFile();
    copy.#content.write(0, this.read(0, this.sizeBytes));
    copy.#changes = [...this.#changes];
    copy.#syncedCount = this.#syncedCount;
    return copy;
  }

  /**
   * Becomes what the next start finds: what was synced, and of the rest what survives.
   *
   * @param survival in which way; chance has it where it is not given
   */
  losePower(random: SeededRandom, survival: Survival = random.pick(survivals)): void {
    const changes = this.#changes;
    if (changes.length === 0) return;
    this.#changes = [];
    this.#syncedCount += changes.length;
    for (const change of changes.toReversed()) undo(this.#content, change);
    const whole = survival === 'beginning' ? random.below(changes.length + 1) : changes.length;
    changes.forEach((change, i) => {
      if (survival === 'nothing' || i > whole) return;
      if (survival === 'everything' || (survival === 'beginning' && i < whole)) {
        apply(this.#content, change);
      } else if ('size' in change) {
        if (random.oneIn(2)) apply(this.#content, change);
      } else tear(this.#content, change.offset, change.bytes, survival, random);
    });
  }
}

function apply(content: Content, change: Change): void {
  if ('size' in change) content.truncate(change.size);
  else content.write(change.offset, change.bytes);
}

function undo(content: Content, change: Change): void {
  const { before, sizeBefore } = change;
  if (before.length > 0) content.write('size' in change ? change.size : change.offset, before);
  content.truncate(sizeBefore);
}

/** Writes some of the pieces that a disk writes as one. */
function tear(
  content: Content,
  offset: number,
  bytes: Buffer,
  survival: 'beginning' | 'sectors' | 'pages',
  random: SeededRandom,
): void {
  const step = survival === 'pages' ? pageBytes : sectorBytes;
  const wholeEnd = survival === 'beginning' ? offset + random.below(bytes.length + 1) : Infinity;
  const oneOf = 2 + random.below(6);
  for (let at = offset; at < offset + bytes.length && at < wholeEnd; ) {
    const end = Math.min(offset + bytes.length, at - (at % step) + step);
    const piece = bytes.subarray(at - offset, end - offset);
    const chance = survival === 'beginning' ? 0 : random.below(64);
    // A write in progress may leave neither the old nor the new bytes, but a write of one sector is
    // atomic.
    if (chance === 63 && bytes.length > sectorBytes)
      content.write(at, Buffer.alloc(piece.length, random.below(256)));
    else if (survival === 'beginning' || chance % oneOf !== 0) content.write(at, piece);
    at = end;
  }
}
