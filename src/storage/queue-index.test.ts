import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { offsetMax } from './messages/index-memory.ts';
import { QueueIndex } from './queue-index.ts';

test('a window finds live messages across deleted chunks', () => {
  const queueIndex = new QueueIndex(1, true);
  for (let i = 0; i < 2000; i++) assert.equal(queueIndex.append(7, i * 10, i, i % 256), i);
  for (let i = 0; i < 1500; i++) if (i !== 3) queueIndex.remove(i);
  assert.equal(queueIndex.count, 501);
  assert.equal(queueIndex.liveFrom(0), 3);
  assert.equal(queueIndex.liveFrom(4), 1500);
  assert.deepEqual(
    [queueIndex.offset(1999), queueIndex.bodyLength(1999), queueIndex.priority(3)],
    [19990, 1999, 3],
  );
  queueIndex.remove(3);
  assert.equal(queueIndex.isLive(3), false);
  assert.equal(queueIndex.liveFrom(0), 1500);
  assert.throws(() => queueIndex.remove(3), /settled twice/);
});

test('messages keep their data while their window grows and shrinks', () => {
  const queueIndex = new QueueIndex(1, true);
  for (const size of [10, 40, 200, 5000, 3]) {
    const first = queueIndex.next;
    for (let i = 0; i < size; i++) queueIndex.append(i, i * 2, i * 3, i % 256);
    queueIndex.markRedelivered(first, true);
    queueIndex.move(first + 1, 77);
    for (let i = 2; i < size; i++) {
      const s = first + i;
      const found = [
        queueIndex.slot(s),
        queueIndex.offset(s),
        queueIndex.bodyLength(s),
        queueIndex.priority(s),
      ];
      assert.deepEqual(found, [i, i * 2, i * 3, i % 256], `${i} of ${size}`);
    }
    assert.deepEqual([queueIndex.deliveryCount(first), queueIndex.offset(first + 1)], [1, 77]);
    for (let i = 0; i < size; i++) queueIndex.remove(first + i);
    assert.deepEqual([queueIndex.count, queueIndex.liveFrom(0)], [0, queueIndex.next]);
  }
});

test('short indexes share no data with each other or with earlier ones', () => {
  for (const size of [3, 20, 5]) {
    const indexes = Array.from({ length: 600 }, (_, i) => new QueueIndex(i, true));
    for (let s = 0; s < size; s++) for (const w of indexes) w.append(w.number, s, 1, 0);
    for (const queueIndex of indexes) {
      assert.deepEqual([queueIndex.bodyBytes(), queueIndex.isLive(size)], [size, false]);
      for (let s = 0; s < size; s++) {
        assert.deepEqual([queueIndex.slot(s), queueIndex.offset(s)], [queueIndex.number, s]);
        queueIndex.remove(s);
      }
      queueIndex.end();
    }
  }
});

test('an empty window continues with its next number', () => {
  const queueIndex = new QueueIndex(1, true);
  for (let round = 0; round < 5000; round++) {
    const sequence = queueIndex.append(round, 1, 1, 0);
    assert.equal(sequence, round);
    assert.equal(queueIndex.slot(sequence), round);
    queueIndex.remove(sequence);
  }
  assert.equal(queueIndex.liveFrom(0), 5000);
});

test('a message keeps its redelivered flag and failure count', () => {
  const queueIndex = new QueueIndex(1, true);
  queueIndex.append(1, 2, 3, 200);
  queueIndex.markRedelivered(0, true);
  queueIndex.markRedelivered(0, true);
  queueIndex.markRedelivered(0, false);
  assert.deepEqual(
    [queueIndex.isRedelivered(0), queueIndex.deliveryCount(0), queueIndex.priority(0)],
    [true, 2, 200],
  );
});

test('numbers missing at recovery count as settled', () => {
  const queueIndex = new QueueIndex(1, true);
  queueIndex.put(1000, 1, 1, 1, 0);
  queueIndex.put(5000, 1, 1, 1, 0);
  assert.deepEqual(
    [queueIndex.liveFrom(0), queueIndex.liveFrom(1001), queueIndex.next],
    [1000, 5000, 5001],
  );
});

/** What a window knows of a message: slot, priority, how often its delivery failed. */
type Known = readonly [slot: number, priority: number, returnCount: number];

/** A window and a plain map that are done the same to. */
class Twins {
  readonly index: QueueIndex;
  readonly model = new Map<number, Known>();
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.index = new QueueIndex(1, true, random.below(1000));
  }

  add(slot: number): void {
    const random = this.#random;
    const sequence = this.index.next + (random.oneIn(50) ? random.below(1000) : 0);
    const priority = random.oneIn(8) ? random.below(256) : 0;
    this.index.put(sequence, slot, 0, 0, priority);
    this.model.set(sequence, [slot, priority, 0]);
  }

  #any(): [sequence: number, known: Known] | undefined {
    const all = [...this.model];
    return all.length === 0 || this.#random.oneIn(2) ? all[0] : this.#random.pick(all);
  }

  settleOrReturn(): void {
    const [sequence, known] = this.#any() ?? [];
    if (sequence === undefined || known === undefined) return;
    if (this.#random.oneIn(6)) {
      this.index.markRedelivered(sequence, true);
      this.model.set(sequence, [known[0], known[1], known[2] + 1]);
    } else {
      this.index.remove(sequence);
      this.model.delete(sequence);
    }
  }
}

/** Adds, returns and settles messages at random. */
function filled(random: SeededRandom): Twins {
  const twins = new Twins(random);
  for (let step = 0; step < 2000; step++) {
    // More comes than goes, then more goes than comes, and again.
    if (random.below(10) < (step % 1000 < 500 ? 7 : 3)) twins.add(step);
    else twins.settleOrReturn();
    assert.equal(twins.index.count, twins.model.size);
  }
  return twins;
}

/** Puts messages in any order, some of which move, and notes what each is to have. */
function put(random: SeededRandom, queueIndex: QueueIndex, base: number, spread: number) {
  const model = new Map<number, number[]>();
  for (let i = 0; i < 1000; i++) {
    const sequence = base + random.below(spread);
    if (model.has(sequence)) continue;
    const due = random.oneIn(2) ? Infinity : 1.7e12 + random.below(random.pick([100, 1e6]));
    const known = [i, random.below(offsetMax + 1), random.below(1000), random.below(3), due];
    const [slot = 0, offset = 0, bodyLength = 0, priority = 0] = known;
    queueIndex.put(sequence, slot, offset, bodyLength, priority, due);
    model.set(sequence, known);
    if (!random.oneIn(4)) continue;
    known.splice(0, 2, i + 5000, random.below(offsetMax + 1));
    queueIndex.relocate(sequence, known[0] ?? 0, known[1] ?? 0);
  }
  return model;
}

test('messages can be recovered in any order and with any data', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const queueIndex = new QueueIndex(1, true);
    const base = random.below(5000);
    const spread = random.pick([10, 100, 3000, 20_000]);
    if (random.oneIn(2)) queueIndex.next = base + spread;
    const model = put(random, queueIndex, base, spread);
    const found: [number, number[]][] = [];
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      const place = [queueIndex.slot(s), queueIndex.offset(s), queueIndex.bodyLength(s)];
      found.push([s, [...place, queueIndex.priority(s), queueIndex.expiresAtMs(s)]]);
    }
    const expected = [...model].sort(([a], [b]) => a - b);
    assert.deepEqual(found, expected, `seed ${seed}`);
    for (const s of model.keys()) assert.equal(queueIndex.remove(s), model.get(s)?.[2]);
    assert.equal(queueIndex.count, 0);
    queueIndex.end();
  }
});

test('a window behaves like a plain map for any sequence of operations', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { index: queueIndex, model } = filled(new SeededRandom(seed));
    const found: [number, Known][] = [];
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      found.push([s, [queueIndex.slot(s), queueIndex.priority(s), queueIndex.deliveryCount(s)]]);
    }
    assert.deepEqual(found, [...model], `seed ${seed}`);
    for (const [s] of model) {
      const end = queueIndex.liveTo(s);
      const isRun = !model.has(end) && (end === s + 1 || model.has(end - 1));
      assert.ok(isRun, `seed ${seed}: the run of ${s} ends at ${end}`);
      for (let at = s; at < end; at++) assert.ok(model.has(at), `seed ${seed}: ${at} is live`);
    }
  }
});

test('a queue of messages of one priority keeps them while it grows and shrinks', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const queueIndex = new QueueIndex(1, true, random.below(600));
    const model = new Map<number, number>();
    const [adds, priority] = [random.pick([2, 5, 9]), random.pick([0, 4])];
    for (let step = 0; step < 3000; step++) {
      if (model.size === 0 || random.below(10) < adds) {
        model.set(queueIndex.append(step, step * 2, step, priority), step);
      } else {
        const [oldest = -1] = model.keys();
        const sequence = random.oneIn(3) ? random.pick([...model.keys()]) : oldest;
        assert.equal(queueIndex.remove(sequence), model.get(sequence), `seed ${seed}`);
        model.delete(sequence);
      }
    }
    const found: number[][] = [];
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      found.push([s, queueIndex.slot(s), queueIndex.offset(s), queueIndex.priority(s)]);
    }
    assert.deepEqual(
      found,
      [...model].map(([s, step]) => [s, step, step * 2, priority]),
      `seed ${seed}`,
    );
    assert.equal(queueIndex.count, model.size);
    for (const s of model.keys()) queueIndex.remove(s);
    queueIndex.end();
  }
});

test('a run of live messages ends at a settled, omitted or future message', () => {
  const queueIndex = new QueueIndex(1, true, 100);
  for (let i = 0; i < 1000; i++) queueIndex.append(1, 1, 10, 0);
  assert.equal(queueIndex.liveTo(100), 1100);
  queueIndex.remove(700);
  assert.deepEqual(
    [queueIndex.liveTo(100), queueIndex.liveTo(700), queueIndex.liveTo(701)],
    [700, 700, 1100],
  );
  queueIndex.put(1300, 1, 1, 7, 0);
  assert.deepEqual([queueIndex.liveTo(701), queueIndex.liveTo(1300)], [1100, 1301]);
  assert.equal(queueIndex.bodyBytes(), 999 * 10 + 7);
});

test('a window returns the expiry of each live message, independently of earlier messages', () => {
  const queueIndex = new QueueIndex(1, true);
  const times = [Infinity, 500, 400, Infinity, Infinity, 400];
  for (const expiryMs of times) queueIndex.append(1, 1, 1, 0, expiryMs);
  assert.deepEqual(
    times.map((_, s) => queueIndex.expiresAtMs(s)),
    times,
  );
  for (const s of [0, 1, 3]) queueIndex.remove(s);
  assert.deepEqual(
    [2, 4, 5].map((s) => queueIndex.expiresAtMs(s)),
    [400, Infinity, 400],
  );
});

test('a number outside a window is not live and has no location', () => {
  const queueIndex = new QueueIndex(1, true, 600);
  assert.equal(queueIndex.append(3, 4, 5, 6), 600);
  for (const sequence of [0, 599, 601, 10_000]) {
    assert.equal(queueIndex.isLive(sequence), false);
    assert.deepEqual([queueIndex.slot(sequence), queueIndex.priority(sequence)], [-1, 0]);
    assert.equal(queueIndex.expiresAtMs(sequence), Infinity);
  }
  assert.deepEqual(
    [queueIndex.liveFrom(0), queueIndex.liveFrom(601), queueIndex.liveFrom(10_000)],
    [600, 601, 601],
  );
  assert.throws(() => queueIndex.remove(601), /settled twice/);
  queueIndex.put(5, 1, 1, 1, 0);
  assert.deepEqual([queueIndex.liveFrom(0), queueIndex.liveFrom(6), queueIndex.count], [5, 600, 2]);
});

test('the expiry of a message is removed with the message', () => {
  const queueIndex = new QueueIndex(1, true);
  queueIndex.append(0, 0, 0, 0, 1234);
  assert.equal(queueIndex.expiresAtMs(0), 1234);
  queueIndex.remove(0);
  assert.equal(queueIndex.expiresAtMs(0), Infinity);
});

test('failures are counted up to 65535 without changing other fields', () => {
  const queueIndex = new QueueIndex(1, true);
  queueIndex.append(9, 8, 0xffff_ffff, 255);
  for (let i = 0; i < 70_000; i++) queueIndex.markRedelivered(0, true);
  assert.deepEqual([queueIndex.deliveryCount(0), queueIndex.priority(0)], [65_535, 255]);
  assert.deepEqual([queueIndex.isLive(0), queueIndex.bodyLength(0)], [true, 0xffff_ffff]);
});
