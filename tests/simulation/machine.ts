// A simulated machine with a disk, a clock and a power supply.

import assert from 'node:assert/strict';
import { createHash, type KeyObject } from 'node:crypto';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { checkVolume } from '../../src/storage/check.ts';
import type { Disk } from '../../src/storage/disk.ts';
import { Log } from '../../src/storage/log.ts';
import type { LogOptions, LogOwner } from '../../src/storage/log-owner.ts';
import { type DataKeys, readVolumeHeader, Volume } from '../../src/storage/volume.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { SimDisk } from '../support/sim-disk.ts';

/** The folder of the volume. */
export const folder = '/data';
const firstKey = Buffer.from('wrapped');
/** The data key that is wrapped so: a simulation wraps by a hash that nobody needs to undo. */
const keyOf = (wrapped: Buffer) => keyFromBytes(createHash('sha256').update(wrapped).digest());
const turnsMax = 200_000;

/** Something that did not end because the power was cut. */
export const powerCut = Symbol('power cut');

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The notifications of a log to its owner. */
export interface Told {
  durable: number;
  failure: Error | undefined;
  /** Whether the disk was said to be full, each time. */
  full: boolean[];
}

/**
 * A machine with a disk whose power fails, on which processes open one volume one after another.
 */
export class Machine {
  readonly random: SeededRandom;
  readonly disk: SimDisk;
  /** The clock of every log, which advances while something is waited for. */
  readonly clock: ManualClock;
  /** Called after each turn, to see what it changed. */
  observe: () => void = () => {};

  /** @param of another machine, whose disk as it is now and whose clock this one has */
  constructor(seed: number, of?: Machine) {
    this.random = new SeededRandom(seed);
    this.disk = of?.disk.clone(this.random) ?? new SimDisk(this.random);
    this.clock = of?.clock ?? new ManualClock();
  }

  /** Runs something, and cuts the power after it. */
  async run(life: () => Promise<void>): Promise<void> {
    try {
      await life();
    } finally {
      this.disk.cutPower();
    }
  }

  async format(): Promise<void> {
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: firstKey } as const;
    await this.finish(Volume.format(this.disk.boot(), folder, volume, keyOf(firstKey)));
  }

  /** Gives a few turns to whatever is under way. */
  async turns(count: number): Promise<void> {
    for (let i = 0; i < count && !this.disk.isCut; i++) await this.#turn();
  }

  async #turn(): Promise<void> {
    await turn();
    // After a power cut too: what a process did just before may have reached the disk.
    this.observe();
  }

  /** Waits for a condition or a power cut; timers run meanwhile. */
  async until(isMet: () => boolean, what: string): Promise<void> {
    for (let i = 1; !isMet() && !this.disk.isCut; i++) {
      assert.ok(i < turnsMax, `waited in vain: ${what}`);
      await this.#turn();
      if (i % 64 === 0) this.clock.advance(100);
    }
  }

  /** Waits for an operation that a full disk may delay, and frees space. */
  async untilRoom(isMet: () => boolean, what: string): Promise<void> {
    let waited = 0;
    const isMetWithRoom = () => {
      if (++waited > 500) this.disk.capacityBytes = Infinity;
      return isMet();
    };
    await this.until(isMetWithRoom, what);
  }

  /** The result of the promise, unless the power fails first. */
  async finish<T>(promise: Promise<T>): Promise<T | typeof powerCut> {
    let result: { value: T } | { error: unknown } | undefined;
    promise.then(
      (value) => {
        result = { value };
      },
      (error: unknown) => {
        result = { error };
      },
    );
    await this.until(() => result !== undefined, 'a promise');
    if (result === undefined) return powerCut;
    if ('error' in result) throw result.error;
    return result.value;
  }

  /** Opens the volume and its log as a process that starts does. */
  async open(owner: LogOwner, options: Partial<LogOptions>, told: Told): Promise<[Volume, Log]> {
    const disk = this.disk.boot();
    const volume = await Volume.open(disk, folder, await this.keys(disk), this.clock);
    const { random } = this;
    const log = await Log.open(volume, owner, {
      random: {
        bytes: (size) => Buffer.alloc(size, String(random.below(2 ** 32))),
        uuid: () => '',
      },
      onDurable: (group) => {
        told.durable = group;
      },
      onFailed: (error) => {
        told.failure = error;
      },
      onFull: (isFull) => told.full.push(isFull),
      clock: this.clock,
      ...options,
    });
    return [volume, log];
  }

  /** A data key that the volume has not had, wrapped. */
  newKey(): [wrapped: Buffer, key: KeyObject] {
    const wrapped = Buffer.from(`wrapped ${this.random.below(2 ** 32)}`);
    return [wrapped, keyOf(wrapped)];
  }

  /** The data keys that the volume's header lists. */
  async keys(disk: Disk): Promise<DataKeys> {
    const { wrappedKey, olderKeys } = await readVolumeHeader(disk, folder);
    const older = olderKeys.map((each) => [each.generation, keyOf(each.wrappedKey)] as const);
    return { newest: keyOf(wrappedKey), older: new Map(older) };
  }

  /** The previous process has ended. */
  restart(): void {
    this.observe = () => {};
    if (!this.disk.isCut) this.disk.crash();
    this.clock.clearTimers();
    this.disk.cutAt = Infinity;
  }

  /** Requires the closed volume to be undamaged. */
  async check(): Promise<boolean> {
    const disk = this.disk.boot();
    const keys = await this.finish(this.keys(disk));
    assert.ok(keys !== powerCut);
    const report = await this.finish(checkVolume(disk, folder, keys));
    assert.ok(report !== powerCut);
    return report.isClosed;
  }
}

/** Notifications of a log that were not delivered yet. */
export const nothingTold = (): Told => ({ durable: 0, failure: undefined, full: [] });
