// One run of a broker in a simulation.

import assert from 'node:assert/strict';
import { Broker } from '../../src/broker/broker.ts';
import type { Queue } from '../../src/broker/queue.ts';
import { Delivery } from '../../src/broker/subscription.ts';
import type { Log } from '../../src/storage/log.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import type { QueueIndex } from '../../src/storage/queue-index.ts';
import type { Volume } from '../../src/storage/volume.ts';
import type { ManualClock } from '../support/bare-broker.ts';
import { plainFormat } from '../support/plain-format.ts';
import { Ledger } from './ledger.ts';
import { type Machine, nothingTold, powerCut, type Told } from './machine.ts';
import type { Trouble } from './trouble.ts';

/** The expected state after the end of a broker, which the next one verifies. */
export interface Left {
  readonly ledger: Ledger;
  readonly durable: number;
  readonly open: number;
  /** Which message is which: what its body begins with, by queue and number. */
  readonly bodies: Map<string, string>;
  /** What had been delivered when the broker was told to stop; undefined where it was not. */
  readonly returned: ReadonlySet<string> | undefined;
  /** Whether it had stopped, and none was begun since. */
  readonly isStopped: boolean;
}

/** The expected state of an empty volume. */
export const nothingLeft: Left = {
  ledger: new Ledger(new Map()),
  durable: 0,
  open: 0,
  bodies: new Map(),
  returned: undefined,
  isStopped: false,
};

/** Records around this size and larger ones are copied in later turns, bytes. */
const copiedAtOnce = 1_000_000;

const keyOf = (queueIndex: QueueIndex, sequence: number) => `${queueIndex.number}/${sequence}`;

/** One run of a broker on a machine, and all that it is seen to hold. */
export class BrokerLife {
  readonly machine: Machine;
  readonly clock: ManualClock;
  readonly trouble: Trouble;
  readonly told: Told = nothingTold();
  readonly bodies = new Map<string, string>();
  /** Whether publishers were told to wait for room, each time. */
  readonly blocked: boolean[] = [];
  ledger = new Ledger(new Map());
  /** The deliveries when the stop was requested. */
  returned: ReadonlySet<string> | undefined;
  readonly #view = new Delivery();
  #broker: Broker | undefined;
  #opened: [Volume, Log] | undefined;
  #group = 0;
  #definitions: readonly string[] = [];
  #version = -1;
  #live = new Set<string>();
  /**
   * Made of next numbers and counts of all queues: what is live has changed only where these have.
   */
  #state = 0;
  /** New messages that are still being copied, by key; their groups end only after that. */
  readonly #copied = new Map<string, [QueueIndex, sequence: number]>();
  /** Messages that are gone, though the log may not say so yet: since which group. */
  #unwritten: [key: string, first: number][] = [];

  constructor(machine: Machine, clock: ManualClock, trouble: Trouble) {
    this.machine = machine;
    this.clock = clock;
    this.trouble = trouble;
  }

  get broker(): Broker {
    assert.ok(this.#broker !== undefined);
    return this.#broker;
  }

  get log(): Log {
    assert.ok(this.#opened !== undefined);
    return this.#opened[1];
  }

  get hasEnded(): boolean {
    return this.machine.disk.isCut || this.told.failure !== undefined;
  }

  /** Opens the broker and verifies its contents; false if the power failed meanwhile. */
  async open(options: Partial<LogOptions>, left: Left): Promise<boolean> {
    const { machine, told, clock } = this;
    const hooks: Partial<LogOptions> = {
      onDurable: (group) => {
        told.durable = group;
        this.#broker?.onDurable(group);
      },
      onFull: (isFull) => {
        told.full.push(isFull);
        this.#block();
      },
    };
    const broker = await machine.finish(
      Broker.open({
        openLog: async (store) => {
          this.#opened = await machine.open(store, { ...options, ...hooks }, told);
        },
        formats: [plainFormat],
        users: [{ username: 'ann', passwordHash: 'secret' }],
        verifyPassword: async (password, hash) => password === hash,
        clock,
        memoryBytes: () => 0,
        limits: { memoryBytesMax: 1, pendingBytesMax: 40_000 },
      }),
    );
    if (broker === powerCut) return false;
    this.#broker = broker;
    this.#begin(left);
    this.#block();
    broker.flow.add({
      blocked: () => this.blocked.push(true),
      unblocked: () => this.blocked.push(false),
      setPaused: () => {},
    });
    machine.observe = () => {
      this.observe();
      this.written();
    };
    return true;
  }

  /** Publishers wait while the disk is full, which it may be before the broker is open. */
  #block(): void {
    if (this.told.full.at(-1) === true) this.#broker?.flow.block('low on disk');
    else this.#broker?.flow.unblock('low on disk');
  }

  #begin(left: Left): void {
    const facts = new Map<string, string>();
    for (const queueIndex of this.broker.store.indexes.values()) {
      for (const [sequence, value] of this.#messages(queueIndex)) {
        const key = keyOf(queueIndex, sequence);
        facts.set(key, value);
        const body = left.bodies.get(key);
        assert.ok(body !== undefined, `message ${key} was never there`);
        this.bodies.set(key, body);
        const isReturned = !this.broker.store.isCleanStop || left.returned?.has(key) === true;
        assert.equal(queueIndex.isRedelivered(sequence), isReturned, `${key} was delivered before`);
      }
    }
    this.#live = new Set(facts.keys());
    this.#definitions = this.#snapshot();
    for (const change of this.#definitions) facts.set(change, '');
    if (left !== nothingLeft) {
      left.ledger.verify(facts, left.durable, left.open);
      const { isCleanStop } = this.broker.store;
      assert.ok(isCleanStop ? left.returned !== undefined : !left.isStopped, 'a stop or a crash');
    }
    this.ledger = new Ledger(facts);
    this.#group = this.log.openGroup;
  }

  /** The live messages of a window that the log keeps, each with what must be known of it. */
  *#messages(queueIndex: QueueIndex): Generator<[sequence: number, value: string]> {
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      if (this.log.segmentOf(queueIndex.slot(s)) === 0) continue;
      yield [
        s,
        `${queueIndex.bodyLength(s)} ${queueIndex.priority(s)} ${queueIndex.expiresAtMs(s)}`,
      ];
    }
  }

  #snapshot(): readonly string[] {
    const { version } = this.broker.vhost('/');
    if (version === this.#version) return this.#definitions;
    this.#version = version;
    const changes = [...this.broker.snapshot()].filter(({ kind }) => kind !== 'counter');
    return changes.map((change) => JSON.stringify(change));
  }

  /**
   * Notes what has changed since the last time.
   *
   * @param isUnit whether all of it must be recovered together
   */
  observe(isUnit = false): void {
    const [first, last] = [this.#group, this.log.openGroup];
    this.#group = last;
    const unit = isUnit ? this.ledger.unit() : 0;
    for (const [key, [queueIndex, sequence]] of this.#copied) {
      if (!queueIndex.isLive(sequence) || this.#see(key, queueIndex, sequence)) {
        this.#copied.delete(key);
      }
    }
    this.#observeDefinitions(first, last, unit);
    const [come, gone] = this.#compare();
    const units = unit === 0 ? this.#pair([...come.keys()], gone) : undefined;
    for (const key of gone) {
      const together = units?.get(key) ?? unit;
      if (together === 0) this.#unwritten.push([key, first]);
      else this.ledger.set(key, undefined, first, last, together);
    }
    for (const [key, value] of come) {
      this.ledger.set(key, value, first, last, units?.get(key) ?? unit);
    }
  }

  #observeDefinitions(first: number, last: number, unit: number): void {
    const definitions = this.#snapshot();
    if (definitions === this.#definitions) return;
    const now = new Set(definitions);
    for (const old of this.#definitions) {
      if (!now.has(old)) this.ledger.set(old, undefined, first, last, unit);
    }
    for (const made of now) {
      if (this.ledger.get(made) === undefined) this.ledger.set(made, '', first, last, unit);
    }
    this.#definitions = definitions;
  }

  /** Notes what was settled once the broker has written all of it. */
  written(): void {
    for (const { runStart } of this.broker.store.indexes.values()) if (runStart >= 0) return;
    this.#gone(this.log.openGroup);
  }

  #gone(last: number): void {
    for (const [key, first] of this.#unwritten) this.ledger.set(key, undefined, first, last);
    this.#unwritten = [];
  }

  #compare(): [come: Map<string, string>, gone: readonly string[]] {
    const live = new Set<string>();
    const come = new Map<string, string>();
    const { indexes } = this.broker.store;
    let state = indexes.size;
    for (const { number, next, count } of indexes.values()) {
      state = Math.imul(Math.imul(Math.imul(state, 31) + number, 31) + next, 31) + count;
    }
    if (state === this.#state) return [come, []];
    this.#state = state;
    for (const queueIndex of indexes.values()) {
      for (const [sequence, value] of this.#messages(queueIndex)) {
        const key = keyOf(queueIndex, sequence);
        live.add(key);
        if (this.#live.has(key)) continue;
        come.set(key, value);
        if (!this.#see(key, queueIndex, sequence)) this.#copied.set(key, [queueIndex, sequence]);
      }
    }
    const gone = [...this.#live].filter((key) => !live.has(key));
    this.#live = live;
    return [come, gone];
  }

  /** A message that died and its dead letter are recovered both or neither. */
  #pair(come: readonly string[], gone: readonly string[]): Map<string, number> | undefined {
    if (come.length === 0 || gone.length === 0) return undefined;
    const units = new Map<string, number>();
    for (const letter of come) {
      const body = this.bodies.get(letter);
      const isSame = (other: string) => body !== undefined && this.bodies.get(other) === body;
      const dead = gone.filter(isSame);
      if (dead.length !== 1 || come.filter(isSame).length !== 1) continue;
      const unit = this.ledger.unit();
      units.set(letter, unit);
      units.set(dead[0] as string, unit);
    }
    return units;
  }

  /** Notes which message this is; false if it is still being copied. */
  #see(key: string, queueIndex: QueueIndex, sequence: number): boolean {
    if (!this.broker.store.view(queueIndex, sequence, this.#view)) {
      assert.ok(queueIndex.bodyLength(sequence) > copiedAtOnce, 'a new message is not there');
      return false;
    }
    this.bodies.set(key, bodyOf(this.#view));
    return true;
  }

  /** The live message of a queue that begins so. */
  has(queue: Queue, body: string): boolean {
    const { number } = queue.index;
    for (const key of this.#live) {
      if (this.bodies.get(key) === body && key.startsWith(`${number}/`)) return true;
    }
    return false;
  }

  /** Reads every message and requires it to be the one it was. */
  async verifyBodies(): Promise<void> {
    const { store } = this.broker;
    for (const queueIndex of store.indexes.values()) {
      for (const [sequence] of [...this.#messages(queueIndex)]) {
        if (!queueIndex.isLive(sequence) || this.hasEnded) continue;
        // Another load may evict it meanwhile, and a compaction may move it.
        const isElsewhere = () => this.log.blocks[queueIndex.slot(sequence)]?.isFilling !== false;
        while (queueIndex.isLive(sequence) && isElsewhere() && !this.hasEnded) {
          await this.machine.finish(this.log.load(queueIndex.slot(sequence)));
        }
        if (this.hasEnded || !queueIndex.isLive(sequence)) continue;
        assert.ok(store.view(queueIndex, sequence, this.#view), 'a block just loaded is not there');
        assert.equal(bodyOf(this.#view), this.bodies.get(keyOf(queueIndex, sequence)));
        assert.ok(isPadded(this.#view), 'a body is not the one that was published');
      }
    }
  }

  /** Stops the broker in order. */
  async close(): Promise<Left> {
    const closed = this.broker.close();
    this.returned = this.#returned();
    if ((await this.machine.finish(closed)) === powerCut) return this.left();
    this.told.durable = this.log.openGroup;
    const [volume] = this.#opened ?? [];
    if (volume !== undefined) await this.machine.finish(volume.close());
    return { ...this.left(), isStopped: true };
  }

  #returned(): Set<string> {
    const returned = new Set<string>();
    for (const queueIndex of this.broker.store.indexes.values()) {
      for (const [sequence] of this.#messages(queueIndex)) {
        if (queueIndex.isRedelivered(sequence)) returned.add(keyOf(queueIndex, sequence));
      }
    }
    return returned;
  }

  /**
   * What the next broker must find.
   *
   * @param before what had been delivered before this one, which may not have begun for the log
   */
  left(before?: ReadonlySet<string>): Left {
    const { ledger, told, bodies } = this;
    const open = this.log.openGroup;
    this.observe();
    this.#gone(this.told.durable >= open ? open : open + 1);
    const { returned = before } = this;
    return { ledger, durable: told.durable, open, bodies, returned, isStopped: false };
  }
}

const padding = Buffer.alloc(1024 * 1024, '.');

/** Whether the body has only dots after its beginning. */
function isPadded({ buffer, bodyAt, bodyLength }: Delivery): boolean {
  const end = bodyAt + bodyLength;
  for (let at = bodyAt + 8; at < end; at += padding.length) {
    const part = buffer.subarray(at, Math.min(end, at + padding.length));
    if (part.compare(padding, 0, part.length) !== 0) return false;
  }
  return true;
}

/** The beginning of the body, which identifies the message. */
export function bodyOf({ buffer, bodyAt, bodyLength }: Delivery): string {
  return buffer.toString('utf8', bodyAt, bodyAt + Math.min(bodyLength, 8));
}
