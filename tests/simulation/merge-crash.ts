// The simulation of merging the small segments of a state, with power failures.

import assert from 'node:assert/strict';
import type { Journal } from '../../src/storage/journal.ts';
import { Log } from '../../src/storage/log.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { StateStore } from '../../src/storage/state-store.ts';
import { Volume } from '../../src/storage/volume.ts';
import { folder, Machine, powerCut } from './machine.ts';

const segmentBytes = 1024 * 1024;
const never = { lookMs: 1e9 };
const eager = { lookMs: 5, looksMin: 0, share: 1 };
const timelines = ['audit', 'other'] as const;

/** The number of commits. It is changed in the same batch as the records of the timelines. */
class Count implements Journal<{ readonly count: number }> {
  readonly name = 'count';
  count = 0;
  apply({ count }: { readonly count: number }): void {
    this.count = count;
  }
  *snapshot() {
    if (this.count > 0) yield { count: this.count };
  }
}

/** What must be in a timeline: its records by the number of their commit. */
class Expected {
  /** The texts of all commits, including those of dropped ones. */
  texts: string[] = [];
  /** The records before this one were dropped, by this or an earlier process. */
  droppedCount = 0;
  /** The records before this one are not there any more. */
  goneCount = 0;
}

/** A state that is restarted often, on a machine whose power fails while segments are merged. */
export class MergeRun {
  readonly #machine: Machine;
  readonly #expected = new Map(timelines.map((name) => [name, new Expected()]));
  #state = new StateStore([], []);
  #count = new Count();
  #confirmed = 0;
  /** Segments that were removed after they were merged. */
  mergedCount = 0;

  constructor(seed: number) {
    this.#machine = new Machine(seed);
  }

  /**
   * Runs it.
   *
   * @param change of the disk since segments are merged, at which the power is cut
   * @returns whether there were so many changes
   */
  async run(change: number): Promise<boolean> {
    const machine = this.#machine;
    const { disk, random } = machine;
    let wasCut = false;
    await machine.run(async () => {
      await machine.format();
      for (let i = 0; i < 10; i++) {
        await this.#live(never, 1 + random.below(3), random.oneIn(2));
        machine.restart();
      }
      disk.cutAt = disk.changeCount + change;
      await this.#live(eager, 25, true);
      wasCut = disk.isCut;
      machine.restart();
      await machine.check();
      machine.restart();
      // And again, so that a start has to do with what an interrupted start left.
      disk.cutAt = disk.changeCount + 1 + random.below(60);
      await this.#live(eager, 10, true);
      machine.restart();
      await machine.check();
      machine.restart();
      for (let i = 0; i < 9; i++) {
        await this.#live(never, 1, true);
        machine.restart();
      }
      assert.ok(await machine.check(), 'a closed volume is not called closed');
      await this.#live(never, 0, true);
    });
    return wasCut;
  }

  /** One process: verifies what it finds, changes it, and is closed or killed. */
  async #live(
    compaction: NonNullable<LogOptions['compaction']>,
    commitCount: number,
    isClosed: boolean,
  ): Promise<void> {
    const machine = this.#machine;
    const volume = await machine.finish(this.#open(compaction));
    if (volume === powerCut || !(await this.#verify())) return;
    for (let i = 0; i < commitCount && !machine.disk.isCut; i++) {
      await this.#commit();
      if (machine.random.oneIn(8)) this.#drop();
      machine.clock.advance(5);
      await machine.turns(machine.random.below(30));
    }
    if (isClosed) {
      const closed = await machine.finish(this.#state.close());
      if (closed !== powerCut) await machine.finish(volume.close());
    }
  }

  async #open(compaction: NonNullable<LogOptions['compaction']>): Promise<Volume> {
    const { disk, clock } = this.#machine;
    const here = disk.boot();
    const volume = await Volume.open(here, folder, await this.#machine.keys(here), clock);
    this.#count = new Count();
    const state = new StateStore([this.#count], timelines);
    this.#state = state;
    await Log.open(volume, state, {
      segmentBytes,
      clock,
      compaction,
      onDurable: (group) => state.onDurable(group),
      onFailed: (error) => state.onFailed(error),
      onCompacted: (_, count) => {
        this.mergedCount += count;
      },
    });
    state.recovered();
    return volume;
  }

  async #commit(): Promise<void> {
    const { random } = this.#machine;
    const number = this.#count.count;
    const names = timelines.filter((_, i) => i === 0 || random.oneIn(2));
    const text = `${number} ${random.below(1e6)} `.padEnd(random.pick([10, 300, 1500]), '.');
    for (const name of names) this.#of(name).texts.push(text);
    const records = names.map((timeline) => {
      return { timeline, atMs: number, bytes: Buffer.from(text) } as const;
    });
    const change = { journal: 'count', change: { count: number + 1 } } as const;
    const committed = await this.#machine.finish(this.#state.commit([...records, change]));
    if (committed !== powerCut) this.#confirmed = number + 1;
  }

  #of(name: (typeof timelines)[number]): Expected {
    const expected = this.#expected.get(name);
    assert.ok(expected !== undefined);
    return expected;
  }

  /** Drops some of the oldest records of a timeline. */
  #drop(): void {
    const name = this.#machine.random.pick(timelines);
    const expected = this.#of(name);
    const before = this.#state.countOf(name);
    this.#state.dropOldest(name, this.#machine.random.below(before + 1));
    const count = before - this.#state.countOf(name);
    expected.droppedCount = Math.max(expected.droppedCount, expected.goneCount + count);
    expected.goneCount += count;
  }

  /**
   * Every confirmed commit is there, completely, and none twice. Of dropped records, only the newest may
   * be there. False if the power failed meanwhile.
   */
  async #verify(): Promise<boolean> {
    const { count } = this.#count;
    assert.ok(
      count >= this.#confirmed,
      `${this.#confirmed} commits were confirmed; found ${count}`,
    );
    for (const [name, expected] of this.#expected) {
      const isBefore = (text: string) => Number.parseInt(text, 10) < count;
      expected.texts = expected.texts.filter(isBefore);
      const found = await this.#machine.finish(this.#read(name));
      if (found === powerCut) return false;
      assert.equal(this.#state.countOf(name), found.length);
      const goneCount = expected.texts.length - found.length;
      assert.deepEqual(found, expected.texts.slice(Math.max(0, goneCount)), name);
      assert.ok(goneCount <= expected.droppedCount, `${goneCount} records of ${name} are gone`);
      expected.goneCount = goneCount;
    }
    this.#confirmed = count;
    return true;
  }

  async #read(name: string): Promise<string[]> {
    const found: string[] = [];
    const range = { fromMs: 0, toMs: Infinity, newestFirst: false };
    for await (const { bytes } of this.#state.readTimeline(name, range)) {
      found.push(bytes.toString());
    }
    return found;
  }
}
