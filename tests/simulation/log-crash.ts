// The simulation of a log with crashes.

import assert from 'node:assert/strict';
import { isDiskFull, StorageError } from '../../src/storage/errors.ts';
import type { Log } from '../../src/storage/log.ts';
import type { Volume } from '../../src/storage/volume.ts';
import { Ledger } from './ledger.ts';
import { TextStore } from './log-owner.ts';
import { Machine, nothingTold, powerCut, type Told } from './machine.ts';
import { makeRoom, prepare, requireExpected, smallLog, type Trouble } from './trouble.ts';

/** The expected state after the end of a process, which the next one verifies. */
export interface Left {
  readonly ledger: Ledger;
  readonly durable: number;
  readonly open: number;
}

/** The expected state of an empty volume. */
export const nothingLeft = (): Left => ({ ledger: new Ledger(new Map()), durable: 0, open: 0 });

/** One process with the volume open: random work, until it ends or is ended. */
export class Life {
  readonly machine: Machine;
  readonly texts: TextStore;
  readonly log: Log;
  readonly volume: Volume;
  readonly told: Told;
  readonly ledger: Ledger;
  readonly trouble: Trouble;
  /** Reads under way, and how those went wrong that did. */
  reading = 0;
  failures: unknown[] = [];

  constructor(
    machine: Machine,
    texts: TextStore,
    opened: [Volume, Log],
    told: Told,
    trouble: Trouble,
  ) {
    this.machine = machine;
    this.texts = texts;
    [this.volume, this.log] = opened;
    this.told = told;
    this.trouble = trouble;
    this.ledger = new Ledger(texts.facts());
  }

  get #hasEnded(): boolean {
    return this.machine.disk.isCut || this.told.failure !== undefined;
  }

  /** The state that the next process must find. */
  get left(): Left {
    const { ledger, told, log } = this;
    return { ledger, durable: told.durable, open: log.openGroup };
  }

  async run(stepCount: number): Promise<void> {
    await this.work(stepCount);
    makeRoom(this.machine.disk);
    if (this.#hasEnded) return;
    if (this.machine.random.oneIn(3)) this.machine.disk.crash();
    else await this.close();
  }

  /** Takes this many steps, or fewer if the process ends before. */
  async work(stepCount: number): Promise<void> {
    for (let i = 0; i < stepCount && !this.#hasEnded; i++) await this.#step();
  }

  /** Syncs everything, and waits until the mark says so and is synced too. */
  async rest(): Promise<void> {
    await this.#durable();
    for (let i = 0; i < 10; i++) {
      this.machine.clock.advance(100);
      await this.machine.turns(20);
    }
  }

  async #step(): Promise<void> {
    const { random } = this.machine;
    const what = random.below(25);
    if (what === 24) return this.#rekey();
    if (what < 11) this.#change(0);
    else if (what < 13) this.#batch();
    else if (what < 16) this.log.sync();
    else if (what < 18) await this.machine.turns(1 + random.below(12));
    else if (what < 20) this.#read();
    else if (what < 21) await this.#wait(random.pick([50, 100, 250, 500]));
    else if (what < 23 || this.trouble !== 'disk-full') await this.#durable();
    else makeRoom(this.machine.disk);
  }

  /** Lets time pass, in which a mark may be written. */
  async #wait(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.machine.clock.advance(50);
      await this.machine.turns(this.machine.random.below(8));
    }
  }

  #change(unit: number): void {
    const { random } = this.machine;
    const name = `n${random.below(24)}`;
    const before = this.log.openGroup;
    const isThere = this.texts.places.has(name);
    if (isThere && random.oneIn(2)) {
      this.texts.drop(name);
      this.ledger.set(name, undefined, before, this.log.openGroup, unit);
      return;
    }
    const isLarge = random.oneIn(500);
    const usual = random.oneIn(60) ? 140_000 : random.pick([20, 300, 300, 3000, 6000]);
    const size = isLarge ? random.pick([1_048_570, 1_048_577, 2_200_000]) : usual;
    this.texts.put(name, size, random.below(256));
    const digest = this.texts.facts().get(name);
    this.ledger.set(name, digest, before, this.log.openGroup, unit);
  }

  #batch(): void {
    const unit = this.ledger.unit();
    this.log.beginBatch();
    const group = this.log.openGroup;
    for (let left = 1 + this.machine.random.below(4); left > 0; left--) this.#change(unit);
    this.log.endBatch();
    assert.equal(this.log.openGroup, group, 'a batch lies in two groups');
  }

  /** Goes on under another data key, or drops those that nothing needs. */
  #rekey(): void {
    const { random } = this.machine;
    const { olderKeys } = this.volume.header;
    const isFull = olderKeys.length >= 6;
    const done =
      isFull || random.oneIn(2)
        ? this.log.dataKeys.drop()
        : this.log.dataKeys.add(...this.machine.newKey());
    this.reading++;
    done
      .catch((error: unknown) => {
        if (!this.#isRefusal(error)) this.failures.push(error);
      })
      .finally(() => this.reading--);
  }

  /** Whether a data key was refused, after which the log goes on. */
  #isRefusal(error: unknown): boolean {
    if (!(error instanceof StorageError)) return false;
    // Several may be added at a time.
    if (error.code === 'key-invalid') return this.volume.header.olderKeys.length >= 6;
    const isFull = error.code === 'disk-failed' && isDiskFull(error);
    return isFull && this.trouble === 'disk-full' && this.told.failure === undefined;
  }

  #read(): void {
    const names = [...this.texts.places.keys()];
    if (names.length === 0) return;
    this.reading++;
    this.texts
      .read(this.machine.random.pick(names))
      .catch((error: unknown) => this.failures.push(error))
      .finally(() => this.reading--);
  }

  /** Waits until everything so far is synced, as one does who waits for a confirm. */
  async #durable(): Promise<void> {
    const { log, told } = this;
    const group = log.openGroup;
    log.reserve(3, 0);
    log.sync();
    const isOver = () => told.durable >= group || told.failure !== undefined;
    await this.machine.untilRoom(isOver, `group ${group}`);
  }

  /** Ends in order. */
  async close(): Promise<void> {
    // All readers have ended.
    await this.machine.until(() => this.reading === 0, 'reads');
    try {
      if ((await this.machine.finish(this.log.close())) === powerCut) return;
      this.told.durable = this.log.openGroup;
      // What is left to do is to overwrite a replaced header.
      if ((await this.machine.finish(this.volume.close())) === powerCut) return;
    } catch (error) {
      requireExpected(error, this.trouble, this.told);
      return;
    }
    if (this.trouble === 'disk-error') this.machine.disk.fault = () => undefined;
    assert.ok(await this.machine.check(), 'a closed volume is not called closed');
  }

  verifyFailures(): void {
    for (const error of this.failures) requireExpected(error, this.trouble, this.told);
    if (this.told.failure !== undefined) {
      requireExpected(this.told.failure, this.trouble, this.told);
    }
    const { full } = this.told;
    for (let i = 0; i < full.length; i++) assert.equal(full[i], i % 2 === 0);
  }
}

/** Opens the volume, verifies what is in it, and lives on with it. */
async function live(machine: Machine, left: Left, stepCount: number): Promise<Left> {
  const trouble = prepare(machine.disk, 70);
  const texts = new TextStore();
  const told = nothingTold();
  let opened: [Volume, Log] | typeof powerCut;
  try {
    const { random } = machine;
    opened = await machine.finish(machine.open(texts, smallLog(random), told));
  } catch (error) {
    const isFull = trouble === 'disk-full' && (error as { code?: string }).code === 'disk-failed';
    if (!isFull) requireExpected(error, trouble, told);
    return left;
  }
  if (opened === powerCut) return left;
  left.ledger.verify(texts.facts(), left.durable, left.open);
  const life = new Life(machine, texts, opened, told, trouble);
  await life.run(stepCount);
  life.verifyFailures();
  return life.left;
}

/** Lives, power cuts and disk failures of a log with a small owner, as the seed has it. */
export async function simulateLog(seed: number): Promise<void> {
  const machine = new Machine(seed);
  await machine.run(async () => {
    await machine.format();
    let left = nothingLeft();
    for (let life = 0; life < 4; life++) {
      left = await live(machine, left, 10 + machine.random.below(60));
      machine.restart();
      machine.disk.fault = () => undefined;
      makeRoom(machine.disk);
      await machine.check();
      machine.restart();
    }
    const texts = new TextStore();
    const last = await machine.finish(machine.open(texts, {}, nothingTold()));
    assert.ok(last !== powerCut);
    left.ledger.verify(texts.facts(), left.durable, left.open);
    for (const name of texts.places.keys()) await machine.finish(texts.read(name));
    await machine.finish(last[1].close());
    await last[0].close();
    assert.ok(await machine.check(), 'a closed volume is not called closed');
    await requireFlipsFound(machine);
  });
}

/** A flipped bit anywhere in a closed volume must be found. */
async function requireFlipsFound(machine: Machine): Promise<void> {
  const { disk, random } = machine;
  for (let left = 2; left > 0; left--) {
    const name = random.pick(disk.list('/data'));
    const file = disk.file(`/data/${name}`);
    const bit = random.below(file.sizeBytes * 8);
    file.flip(bit);
    await assert.rejects(machine.check(), StorageError, `bit ${bit} of ${name} is turned over`);
    file.flip(bit);
  }
}
