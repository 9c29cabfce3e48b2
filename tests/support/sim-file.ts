import type { SeededRandom } from './seeded-random.ts';

const sectorBytes = 512;
const pageBytes = 4096;

/** Bytes that grow as they are written. */
class Content {
  #buffer: Buffer;
  size: number;

  constructor(bytes = Buffer.alloc(0)) {
    this.#buffer = bytes;
    this.size = bytes.length;
  }

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

type Change = { readonly offset: number; readonly bytes: Buffer } | { readonly size: number };

/** How much of what was not synced outlives a power cut. */
const survivals = ['nothing', 'everything', 'beginning', 'sectors', 'pages'] as const;

/** A file in memory: what a reader sees now, and what a power cut would leave of it. */
export class SimFile {
  readonly #present: Content;
  #synced: Content;
  /** Since the last sync, in order. */
  #changes: Change[] = [];
  #syncedCount = 0;

  constructor(bytes?: Buffer) {
    this.#present = new Content(bytes === undefined ? undefined : Buffer.from(bytes));
    this.#synced = new Content(bytes === undefined ? undefined : Buffer.from(bytes));
  }

  get sizeBytes(): number {
    return this.#present.size;
  }

  read(offset: number, size: number): Buffer {
    return this.#present.read(offset, size);
  }

  write(offset: number, bytes: Buffer): void {
    this.#present.write(offset, bytes);
    this.#changes.push({ offset, bytes });
  }

  truncate(size: number): void {
    this.#present.truncate(size);
    this.#changes.push({ size });
  }

  /** Changes so far: those that a sync that begins now makes last. */
  get changeCount(): number {
    return this.#syncedCount + this.#changes.length;
  }

  /** Makes the first changes last. */
  sync(changeCount: number): void {
    const changes = this.#changes.splice(0, Math.max(0, changeCount - this.#syncedCount));
    this.#syncedCount += changes.length;
    for (const change of changes) apply(this.#synced, change);
  }

  /** Turns one bit over, as a disk that fails does. */
  flip(bit: number): void {
    const at = bit >> 3;
    const byte = Buffer.from([(this.read(at, 1)[0] ?? 0) ^ (1 << (bit & 7))]);
    this.#present.write(at, byte);
    this.#synced.write(at, byte);
  }

  /** The file as the next start finds it: what was synced, and of the rest whatever chance has it. */
  afterPowerCut(random: SeededRandom): SimFile {
    const left = this.#synced;
    this.#synced = new Content();
    const survival = random.pick(survivals);
    const count = this.#changes.length;
    const whole = survival === 'beginning' ? random.below(count + 1) : count;
    this.#changes.forEach((change, i) => {
      if (survival === 'nothing') return;
      if (survival === 'everything' || (survival === 'beginning' && i < whole)) apply(left, change);
      else if (survival === 'beginning' && i > whole) return;
      else if ('size' in change) {
        if (random.oneIn(2)) apply(left, change);
      } else tear(left, change.offset, change.bytes, survival, random);
    });
    return new SimFile(left.read(0, left.size));
  }
}

function apply(content: Content, change: Change): void {
  if ('size' in change) content.truncate(change.size);
  else content.write(change.offset, change.bytes);
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
    // A piece that was under way may be neither what it was nor what it was to be.
    if (chance === 63) content.write(at, Buffer.alloc(piece.length, random.below(256)));
    else if (survival === 'beginning' || chance % oneOf !== 0) content.write(at, piece);
    at = end;
  }
}
