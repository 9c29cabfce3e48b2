// The simulation of a broker on a disk with crashes.

import assert from 'node:assert/strict';
import { ManualClock } from '../support/bare-broker.ts';
import { BrokerLife, type Left, nothingLeft } from './broker-life.ts';
import { BrokerWork, largePaddings, smallPaddings } from './broker-work.ts';
import { Machine } from './machine.ts';
import { largeLog, makeRoom, prepare, requireExpected, smallLog } from './trouble.ts';

/** Runs of a broker, one after the other, on one volume. */
class Runs {
  readonly machine: Machine;
  readonly clock = new ManualClock();
  readonly #isLarge: boolean;
  left: Left = nothingLeft;
  published = 0;

  /** @param isLarge whether many messages are large */
  constructor(seed: number, isLarge = false) {
    this.machine = new Machine(seed);
    this.#isLarge = isLarge;
  }

  /** @param trouble what befalls the disk; chance has it where it is not given */
  async run(stepCount: number, trouble = prepare(this.machine.disk, 60)): Promise<void> {
    const { machine } = this;
    const life = new BrokerLife(machine, this.clock, trouble);
    try {
      const { left } = this;
      if (left !== nothingLeft) this.left = { ...left, isStopped: false };
      const options = this.#isLarge ? largeLog(machine.random) : smallLog(machine.random);
      if (await life.open(options, left)) await this.#live(life, stepCount);
    } catch (error) {
      const isFull = trouble === 'disk-full' && (error as { code?: string }).code === 'disk-failed';
      if (!isFull) requireExpected(error, trouble, life.told);
    }
  }

  /** Starts, and most times ends before it has: a few times in a row. */
  async cutStarts(): Promise<void> {
    const { machine } = this;
    for (let left = machine.random.below(4); left > 0; left--) {
      machine.disk.cutAt = machine.disk.changeCount + 1 + machine.random.below(25);
      await this.run(0, 'power-cut');
      machine.restart();
    }
  }

  /** Makes the volume a broker's. */
  async begin(): Promise<void> {
    await this.machine.format();
    await this.run(10, 'none');
    await this.checkBetween();
  }

  async #live(life: BrokerLife, stepCount: number): Promise<void> {
    const { machine } = this;
    // Before that, what is delivered may be delivered again without a sign.
    let isDefined = false;
    void life.broker.defined().then(() => {
      isDefined = true;
    });
    await machine.untilRoom(() => isDefined || life.hasEnded, 'the start');
    this.left = life.left(this.left.returned);
    if (life.hasEnded) return;
    const paddings = this.#isLarge ? largePaddings : smallPaddings;
    const work = new BrokerWork(life, this.published, paddings);
    try {
      for (let i = 0; i < stepCount && !life.hasEnded; i++) await work.step();
      makeRoom(machine.disk);
      if (!life.hasEnded && machine.random.oneIn(3)) await life.verifyBodies();
      if (!life.hasEnded && machine.random.oneIn(2)) machine.disk.crash();
      this.left = life.hasEnded ? life.left() : await life.close();
    } catch (error) {
      this.left = life.left();
      throw error;
    } finally {
      this.published = work.published;
    }
    if (life.told.failure !== undefined) throw life.told.failure;
    for (let i = 0; i < life.blocked.length; i++) assert.equal(life.blocked[i], i % 2 === 0);
  }

  /** Requires that the closed volume is undamaged. */
  async checkBetween(): Promise<void> {
    const { machine } = this;
    machine.restart();
    machine.disk.fault = () => undefined;
    makeRoom(machine.disk);
    const isClosed = await machine.check();
    if (this.left.isStopped) assert.ok(isClosed, 'a clean stop leaves it open');
    machine.restart();
  }

  /** Everything is still there, and is delivered in order. */
  async finish(): Promise<void> {
    const { machine, left, clock } = this;
    const life = new BrokerLife(machine, clock, 'none');
    assert.ok(await life.open({}, left));
    await life.verifyBodies();
    await life.close();
    assert.ok(await machine.check(), 'a closed volume is not called closed');
  }
}

/** Lives, power cuts and disk failures of a broker on a volume, as the seed has it. */
export function simulateBrokerOnDisk(seed: number): Promise<void> {
  return simulateLives(new Runs(seed));
}

/** The same with many messages of 128 KiB to 4 MiB, which need several blocks or one of their own. */
export function simulateLargeBodies(seed: number): Promise<void> {
  return simulateLives(new Runs(seed, true));
}

async function simulateLives(runs: Runs): Promise<void> {
  const { machine } = runs;
  await machine.run(async () => {
    await runs.begin();
    for (let life = 0; life < 3; life++) {
      await runs.cutStarts();
      await runs.run(10 + machine.random.below(60));
      await runs.checkBetween();
    }
    await runs.finish();
  });
}

/**
 * The same with one power cut, at the given change of what is on the disk.
 *
 * @returns whether the run had so many changes
 */
export async function simulateCut(seed: number, change: number): Promise<boolean> {
  const runs = new Runs(seed);
  const { machine } = runs;
  let wasCut = false;
  await machine.run(async () => {
    await runs.begin();
    machine.disk.cutAt = machine.disk.changeCount + change;
    await runs.run(30, 'power-cut');
    wasCut = machine.disk.changeCount >= machine.disk.cutAt;
    await runs.checkBetween();
    await runs.cutStarts();
    // The recovered state must also survive the next crash.
    await runs.run(4, 'none');
    await runs.checkBetween();
    await runs.finish();
  });
  return wasCut;
}
