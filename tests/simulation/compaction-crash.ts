// The simulation of compaction with crashes.

import assert from 'node:assert/strict';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { QueueVolume } from '../support/queue-volume.ts';
import { FrozenCopies } from './frozen-copies.ts';
import { Machine, powerCut } from './machine.ts';

const folder = '/data';
const queues = [1, 2, 3, 4] as const;
const never = { lookMs: 1e9 };
const eager = { lookMs: 5, looksMin: 0, share: 1 };

/** A message, and the groups in which it was added and settled; Infinity if it was not. */
interface Known {
  readonly body: string;
  readonly expiresAtMs: number;
  readonly came: number;
  gone: number;
}

/** The expected contents of a volume: by queue, in order, by sequence number. */
type Model = Map<number, Map<number, Known>>;

/** A volume with few queues on a machine whose power fails during a compaction. */
export class CompactionRun {
  readonly #machine: Machine;
  readonly #segmentBytes: number;
  readonly #cacheBytes: number;
  #model: Model = new Map(queues.map((queue) => [queue, new Map()]));
  #queues: QueueVolume | undefined = undefined;
  #durable = 0;
  #published = 0;
  /** Segments that went after they were compacted, and the bytes written for that. */
  releasedCount = 0;
  /** Data keys that were dropped because no data is sealed under them. */
  droppedCount = 0;
  /** Copies that were completed and hold what they must. */
  copyCount = 0;
  readonly #copies: FrozenCopies;
  /** Changes of the data keys that are under way. */
  #rekeyings: Promise<void> = Promise.resolve();
  #failure: unknown = undefined;

  constructor(seed: number) {
    this.#machine = new Machine(seed);
    this.#segmentBytes = this.#machine.random.pick([10_000, 24_000]);
    this.#cacheBytes = this.#machine.random.pick([0, 1_000_000]);
    this.#copies = new FrozenCopies(this.#machine, folder);
  }

  /**
   * Runs it.
   *
   * @param change of the disk since the compaction began, at which the power is cut
   * @returns whether there were so many changes
   */
  async run(change: number): Promise<boolean> {
    const machine = this.#machine;
    let wasCut = false;
    await machine.run(async () => {
      await machine.format();
      await this.#open({ compaction: never });
      await this.#fill();
      machine.disk.cutAt = machine.disk.changeCount + change;
      await this.#compact(120);
      wasCut = machine.disk.isCut;
      machine.restart();
      await machine.check();
      machine.restart();
      // And again, with another cut at random, so that a start has to do with what a start left.
      machine.disk.cutAt = machine.disk.changeCount + 1 + machine.random.below(60);
      if (await this.#open({ compaction: eager })) await this.#compact(60);
      machine.restart();
      await machine.check();
      machine.restart();
      await this.#open({ compaction: eager });
      await this.#compact(40);
      this.#rekey();
      await this.#dropKeys();
      await machine.finish(this.#opened.close());
      assert.ok(await machine.check(), 'a closed volume is not called closed');
      await this.#open({ compaction: never });
      await machine.finish(this.#opened.close());
    });
    if (this.#failure !== undefined) throw this.#failure;
    this.copyCount = await this.#copies.verify();
    return wasCut;
  }

  get #opened(): QueueVolume {
    assert.ok(this.#queues !== undefined);
    return this.#queues;
  }

  /** Opens the volume and verifies its contents; false if the power failed meanwhile. */
  async #open(options: Partial<LogOptions>): Promise<boolean> {
    const disk = this.#machine.disk.boot();
    const keys = await this.#machine.finish(this.#machine.keys(disk));
    if (keys === powerCut) return false;
    const opening = QueueVolume.openUnsynced(disk, folder, keys, {
      segmentBytes: this.#segmentBytes,
      cacheBytes: this.#cacheBytes,
      clock: this.#machine.clock,
      onCompacted: (_, count) => {
        this.releasedCount += count;
      },
      ...options,
    });
    const opened = await this.#machine.finish(opening);
    if (opened === powerCut) return false;
    this.#queues = opened;
    this.#rekeyings = Promise.resolve();
    return await this.#verify(opened);
  }

  /**
   * Every message that must be there is, none that must not, each with its body and its due time.
   */
  async #verify(opened: QueueVolume): Promise<boolean> {
    const found: Model = new Map();
    for (const [queue, known] of this.#model) {
      const here = new Map<number, Known>();
      found.set(queue, here);
      const queueIndex = opened.store.indexes.get(queue);
      if (queueIndex === undefined) continue;
      const bodies = await this.#machine.finish(opened.bodies(queue));
      if (bodies === powerCut) return false;
      for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
        const expected = known.get(s);
        assert.ok(expected !== undefined, `message ${s} of queue ${queue} was never there`);
        assert.ok(expected.gone > this.#durable, `message ${s} of queue ${queue} came back`);
        assert.equal(bodies.shift(), expected.body);
        assert.equal(queueIndex.expiresAtMs(s), expected.expiresAtMs);
        here.set(s, { ...expected, came: 0, gone: Infinity });
      }
      for (const [s, { came, gone }] of known) {
        const mustBe = came <= this.#durable && gone === Infinity;
        assert.ok(!mustBe || here.has(s), `message ${s} of queue ${queue} is lost`);
      }
    }
    this.#model = found;
    this.#durable = 0;
    return true;
  }

  /** Segments of which little is left. */
  async #fill(): Promise<void> {
    const opened = this.#opened;
    for (const queue of queues) opened.declare(queue);
    for (let i = 0; i < 160; i++) {
      this.#publish();
      if (i % 10 === 9) await this.#synced();
    }
    this.#settleMost();
    await this.#synced();
    await this.#machine.finish(opened.close());
    await this.#open({ compaction: eager });
  }

  #settleMost(): void {
    for (const [queue, known] of this.#model) {
      for (const s of known.keys()) if (s % 8 !== queue) this.#settle(queue, s);
    }
  }

  #publish(): void {
    const { random } = this.#machine;
    const opened = this.#opened;
    const body = `${this.#published++} `.padEnd(random.pick([20, 300, 1200]), '.');
    const expiresAtMs = random.oneIn(3) ? 1e12 + random.below(1e6) : Infinity;
    const to = queues.filter((_, i) => i === 0 || random.oneIn(3));
    const numbers = to.map((queue) => opened.window(queue).next);
    opened.publish(to, body, { expiresAtMs });
    const came = opened.log.openGroup;
    for (const [i, queue] of to.entries()) {
      const known = { body, expiresAtMs, came, gone: Infinity };
      this.#model.get(queue)?.set(numbers[i] ?? 0, known);
    }
  }

  #settle(queue: number, sequence: number): void {
    const known = this.#model.get(queue)?.get(sequence);
    assert.ok(known !== undefined);
    this.#opened.settle(queue, sequence);
    known.gone = this.#opened.log.openGroup;
  }

  async #synced(): Promise<void> {
    const { log } = this.#opened;
    this.#publish();
    const group = log.openGroup;
    log.sync();
    await this.#machine.until(() => log.durableGroup >= group, `group ${group}`);
    this.#durable = log.durableGroup;
  }

  /** Adds a data key, after which data may be sealed again, or drops unused ones. */
  #rekey(): void {
    const { log } = this.#opened;
    const { random } = this.#machine;
    const isResealing = random.oneIn(2);
    const changed: Promise<void> = random.oneIn(3)
      ? log.dataKeys.add(...this.#machine.newKey()).then(() => {
          if (isResealing) log.dataKeys.reseal();
        })
      : this.#drop();
    // The power may be cut, and the header lists a bounded number of keys.
    const ended = changed.catch((error: unknown) => {
      const { code = '' } = error as { code?: string };
      if (!this.#machine.disk.isCut && code !== 'key-invalid') this.#failure = error;
    });
    this.#rekeyings = this.#rekeyings.then(() => ended);
  }

  /** Drops unused data keys, and requires that no file contains them, including removed files. */
  async #drop(): Promise<void> {
    const { log, volume } = this.#opened;
    const before = volume.header.olderKeys;
    for (const generation of await log.dataKeys.drop()) {
      this.droppedCount++;
      const wrapped = before.find((each) => each.generation === generation)?.wrappedKey;
      // Another call may have seen a newer header. Then it is that one that lists the key.
      if (wrapped === undefined) continue;
      const size = Buffer.alloc(4);
      size.writeUInt32BE(wrapped.length);
      const isLeft = this.#machine.disk.holds(Buffer.concat([size, wrapped]));
      assert.ok(!isLeft, `data key ${generation} is on the disk after it was dropped`);
    }
  }

  /** Begins to copy the volume as it is synced now. */
  #copy(): void {
    const durable = this.#opened.log.durableGroup;
    const expected = [...this.#model].map(([queue, known]) => {
      const synced = [...known].filter(([, { came, gone }]) => came <= durable && gone > durable);
      return [queue, new Map(synced.map(([s, { body }]) => [s, body]))] as const;
    });
    this.#copies.begin(this.#opened, new Map(expected));
  }

  /** Settles all messages that are older than the newest data key, until the others are dropped. */
  async #dropKeys(): Promise<void> {
    const { volume } = this.#opened;
    // Otherwise what is published below may be under a key that is not the newest any more: until another
    // one is added, and until the present segment ends, which its first group delays.
    await this.#machine.finish(this.#rekeyings);
    await this.#synced();
    await this.#machine.turns(20);
    for (const [queue, known] of this.#model) {
      for (const [s, { gone }] of known) if (gone === Infinity) this.#settle(queue, s);
    }
    for (let round = 0; volume.header.olderKeys.length > 0; round++) {
      assert.ok(round < 100, 'older data keys are kept');
      await this.#synced();
      await this.#machine.finish(this.#drop());
      this.#machine.clock.advance(100);
      await this.#machine.turns(20);
    }
  }

  /** Lets segments be compacted while messages come and go. */
  async #compact(stepCount: number): Promise<void> {
    const machine = this.#machine;
    for (let i = 0; i < stepCount && !machine.disk.isCut; i++) {
      this.#change();
      if (machine.random.oneIn(15)) this.#rekey();
      if (machine.random.oneIn(20)) this.#copy();
      machine.clock.advance(5);
      await machine.turns(machine.random.below(6));
      this.#durable = this.#opened.log.durableGroup;
    }
  }

  /** Settles or publishes a message, or neither. */
  #change(): void {
    const { random } = this.#machine;
    const { log } = this.#opened;
    const queue = random.pick(queues);
    const window = this.#opened.window(queue);
    const sequence = window.liveFrom(random.below(window.next + 1));
    if (random.oneIn(3) && window.isLive(sequence)) this.#settle(queue, sequence);
    if (random.oneIn(6)) this.#publish();
    if (random.oneIn(3)) log.sync();
  }
}
