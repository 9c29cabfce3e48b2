import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { QueueIndex } from '../queue-index.ts';
import { offsetMax, size, unpackedChunkCount } from './index-memory.ts';

const seedMax = process.env['WAXWING_LONG'] === '1' ? 4 : 1;

/** What an index knows of a message. */
interface Known {
  slot: number;
  offset: number;
  readonly bodyLength: number;
  readonly priority: number;
  readonly expiryMs: number;
  returnCount: number;
}

/** Messages as a log places them: one after the other in blocks. */
class Places {
  #slot = 1;
  #offset = 0;
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Usual messages of a kind, and sometimes one that is unlike them. */
  next(bodyLength: number): Known {
    const random = this.#random;
    const recordBytes = bodyLength + 80 + (bodyLength % 3);
    this.#offset += recordBytes;
    if (this.#offset + recordBytes > offsetMax || random.oneIn(2000)) {
      this.#slot = random.oneIn(20) ? random.below(1_000_000) : this.#slot + 1;
      this.#offset = 0;
    }
    const isUnusual = random.oneIn(1000);
    return {
      slot: this.#slot,
      offset: this.#offset,
      bodyLength,
      priority: isUnusual ? random.below(256) : 4,
      expiryMs: random.oneIn(1000) ? 1.7e12 + random.below(1e6) : Infinity,
      returnCount: 0,
    };
  }
}

/** An index and a map to which the same is done. */
class Twins {
  readonly index = new QueueIndex(1, true, 1000);
  readonly model = new Map<number, Known>();
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  add(known: Known): void {
    if (this.#random.oneIn(5000)) this.index.next += this.#random.below(600);
    const { slot, offset, bodyLength, priority, expiryMs } = known;
    const sequence = this.index.append(slot, offset, bodyLength, priority, expiryMs);
    this.model.set(sequence, known);
  }

  /** Settles, moves or returns a message anywhere in the queue. */
  change(): void {
    const random = this.#random;
    const sequence = 1000 + random.below(this.index.next - 1000);
    const known = this.model.get(sequence);
    assert.equal(this.index.isLive(sequence), known !== undefined);
    if (known === undefined) return;
    switch (random.below(4)) {
      case 0:
        assert.equal(this.index.remove(sequence), known.bodyLength);
        this.model.delete(sequence);
        return;
      case 1:
        known.offset = random.below(offsetMax + 1);
        this.index.move(sequence, known.offset);
        return;
      case 2:
        known.slot = random.below(1000);
        known.offset = random.below(offsetMax + 1);
        this.index.relocate(sequence, known.slot, known.offset);
        return;
      default:
        known.returnCount++;
        this.index.markRedelivered(sequence, true);
    }
  }

  /** Compares all messages. */
  prove(why: string): void {
    const { index, model } = this;
    let at = index.liveFrom(0);
    let bodyBytes = 0;
    for (const [sequence, known] of model) {
      assert.equal(at, sequence, why);
      const found = {
        slot: index.slot(at),
        offset: index.offset(at),
        bodyLength: index.bodyLength(at),
        priority: index.priority(at),
        expiryMs: index.expiresAtMs(at),
        returnCount: index.deliveryCount(at),
      };
      if (Object.entries(known).some(([name, value]) => found[name as keyof Known] !== value)) {
        assert.deepEqual(found, known, `${why}: ${at}`);
      }
      bodyBytes += known.bodyLength;
      at = index.liveFrom(at + 1);
    }
    assert.deepEqual([at, index.count], [index.next, model.size], why);
    assert.equal(index.bodyBytes(), bodyBytes, why);
    const failed = [...model].find(([, { returnCount }]) => returnCount > 0);
    assert.equal(index.failedFrom(0), failed?.[0] ?? index.next, why);
  }

  settleAll(): void {
    for (const [sequence, { bodyLength }] of this.model) {
      assert.equal(this.index.remove(sequence), bodyLength);
    }
    this.index.end();
  }
}

const lengths: Record<string, (random: SeededRandom) => number> = {
  equal: () => 1024,
  'of some sizes': (random) => random.pick([1, 1024, 40_000]),
  different: (random) => random.below(3000),
  large: (random) => 60_000 + random.below(10_000),
};

for (const [kind, lengthOf] of Object.entries(lengths)) {
  test(`a long queue keeps its messages, whose sizes are ${kind}, whatever is done to them`, () => {
    for (let seed = 1; seed <= seedMax; seed++) {
      const random = new SeededRandom(seed);
      const places = new Places(random);
      const twins = new Twins(random);
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 1.5 * unpackedChunkCount * size; i++) {
          twins.add(places.next(lengthOf(random)));
        }
        twins.prove(`seed ${seed}, round ${round}`);
        for (let i = 0; i < 100; i++) twins.change();
        twins.prove(`seed ${seed}, round ${round}, changed`);
      }
      twins.settleAll();
    }
  });
}

/** Returns the memory for 500,000 messages outside of V8's heap, bytes for each. */
function bytesForEach(lengthOf: (i: number) => number): number {
  const before = process.memoryUsage().arrayBuffers;
  const index = new QueueIndex(1, true);
  const count = 500_000;
  for (let i = 0, offset = 0, slot = 0; i < count; i++) {
    const bodyLength = lengthOf(i);
    index.append(slot, offset, bodyLength, 0);
    offset += bodyLength + 60;
    if (offset > 120_000) [slot, offset] = [slot + 1, 0];
  }
  const bytes = (process.memoryUsage().arrayBuffers - before) / count;
  for (let s = 0; s < count; s++) index.remove(s);
  index.end();
  return bytes;
}

test('messages of one size take less than a byte, and others up to five', () => {
  assert.ok(bytesForEach(() => 1024) < 1);
  const bytes = bytesForEach((i) => (i * 7919) % 3000);
  assert.ok(bytes <= 5, `a message takes ${bytes} bytes`);
});
