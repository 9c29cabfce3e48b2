// One run of a broker with held messages in a simulation.

import assert from 'node:assert/strict';
import { noArguments } from '../../src/broker/arguments.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { Publication } from '../../src/broker/publication.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { Delivery } from '../../src/broker/subscription.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { ManualClock, message, owner } from '../support/bare-broker.ts';
import { plainFormat } from '../support/plain-format.ts';
import { type Machine, nothingTold, powerCut, type Told } from './machine.ts';

/** Small segments and slices, so that everything happens often. */
const smallLog = { segmentBytes: 12_000, cacheBytes: 20_000, sliceBytes: 600 };

/** One run of a broker on a machine, for tests of messages that no queue has. */
export class HeldLife {
  readonly machine: Machine;
  readonly broker: Broker;
  readonly told: Told;

  private constructor(machine: Machine, broker: Broker, told: Told) {
    this.machine = machine;
    this.broker = broker;
    this.told = told;
  }

  /** Opens the broker; undefined if the power failed meanwhile. */
  static async open(machine: Machine, clock: ManualClock): Promise<HeldLife | undefined> {
    const told = nothingTold();
    let broker: Broker | undefined;
    const hooks: Partial<LogOptions> = {
      onDurable: (group) => {
        told.durable = group;
        broker?.onDurable(group);
      },
    };
    const opened = await machine.finish(
      Broker.open({
        openLog: async (store) => {
          await machine.open(store, { ...smallLog, ...hooks }, told);
        },
        formats: [plainFormat],
        users: [],
        verifyPassword: async () => false,
        clock,
        memoryBytes: () => 0,
        limits: { memoryBytesMax: 1, pendingBytesMax: 40_000 },
      }),
    );
    if (opened === powerCut) return undefined;
    broker = opened;
    return new HeldLife(machine, opened, told);
  }

  get hasEnded(): boolean {
    return this.machine.disk.isCut;
  }

  get openGroup(): number {
    return this.broker.store.log.openGroup;
  }

  queue(name: string): Queue {
    const options = { durable: true, exclusive: false, autoDelete: false, arguments: noArguments };
    return this.broker.vhost('/').declareQueue(name, options, owner);
  }

  /**
   * A message to a queue that begins with a text and is longer; transient where that begins with t.
   */
  message(queue: string, body: string): Publication {
    const size = this.machine.random.pick([20, 200, 1500]);
    const publication = message(this.broker, '', queue, `${body} `.padEnd(size, '.'));
    publication.isPersistent = !body.startsWith('t');
    return publication;
  }

  /** Resolves when everything so far is synced, or the power has failed. */
  async synced(): Promise<void> {
    const group = this.openGroup;
    this.broker.define({ kind: 'started' });
    const { told } = this;
    await this.machine.until(() => told.durable >= group, `group ${group}`);
  }

  /** The beginnings of a queue's live messages, in order. */
  async bodies(queue: Queue): Promise<string[]> {
    const { store } = this.broker;
    const view = new Delivery();
    const bodies: string[] = [];
    const { index: queueIndex } = queue;
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      // Another load may evict it meanwhile.
      while (!store.view(queueIndex, s, view)) await this.machine.finish(store.load(queueIndex, s));
      bodies.push(textOf(view.buffer, view.bodyAt, view.bodyAt + view.bodyLength));
    }
    return bodies;
  }

  async close(): Promise<void> {
    await this.machine.finish(this.broker.close());
  }
}

/** Returns the beginning of a body. */
export function textOf(bytes: Buffer, start = 0, end = bytes.length): string {
  return bytes.toString('utf8', start, end).replace(/ \.*$/, '');
}

/**
 * Runs a life that the power may end, and others after it, with a volume that is sound between
 * them.
 */
export class HeldRuns {
  readonly machine: Machine;
  readonly clock = new ManualClock();

  constructor(machine: Machine) {
    this.machine = machine;
  }

  /**
   * One life, at the end of which the process is gone.
   *
   * @param cut the change of the disk at which the power goes; Infinity for none
   * @returns whether the power went
   */
  async live(cut: number, life: (life: HeldLife) => Promise<void>): Promise<boolean> {
    const { machine } = this;
    machine.disk.cutAt = machine.disk.changeCount + cut;
    const opened = await HeldLife.open(machine, this.clock);
    if (opened !== undefined) await life(opened);
    const wasCut = machine.disk.isCut;
    machine.restart();
    await machine.check();
    machine.restart();
    return wasCut;
  }
}

/** Requires a message to be there once where it was synced, and no more than once otherwise. */
export function requireOnce(body: string, count: number, isSynced: boolean): void {
  assert.ok(count === 1 || (count === 0 && !isSynced), `${body} is there ${count} times`);
}
