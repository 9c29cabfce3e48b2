// A volume with a message store.

import type { KeyObject } from 'node:crypto';
import type { Disk } from '../../src/storage/disk.ts';
import type { Journal } from '../../src/storage/journal.ts';
import { Log } from '../../src/storage/log.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { MessageView } from '../../src/storage/message-record.ts';
import { MessageStore } from '../../src/storage/message-store.ts';
import { QueueIndex } from '../../src/storage/queue-index.ts';
import { StreamIndex } from '../../src/storage/streams/stream-index.ts';
import { StreamReader } from '../../src/storage/streams/stream-reader.ts';
import { type DataKeys, Volume } from '../../src/storage/volume.ts';

/** A queue is there, or no longer. */
export type QueueChange =
  | { readonly queue: number; readonly isStream?: true }
  | { readonly dropped: number };

/** Definitions as small as they can be: which queues there are. */
class Queues implements Journal<QueueChange> {
  readonly name = 'queues';
  readonly store: MessageStore = new MessageStore(this);

  apply(change: QueueChange): void {
    const { indexes } = this.store;
    if ('queue' in change) {
      if (indexes.has(change.queue)) return;
      const queueIndex =
        change.isStream === true
          ? new StreamIndex(change.queue)
          : new QueueIndex(change.queue, true);
      queueIndex.countsFailures = true;
      indexes.set(change.queue, queueIndex);
    } else {
      const queueIndex = indexes.get(change.dropped);
      if (queueIndex !== undefined) this.store.drop(queueIndex);
    }
  }
  *snapshot(): Generator<QueueChange> {
    for (const [queue, { isStream }] of this.store.indexes) {
      yield isStream ? { queue, isStream } : { queue };
    }
  }
}

/** The properties of a message besides its body. */
export interface MessageOptions {
  readonly exchange?: string;
  readonly routingKey?: string;
  readonly head?: string;
  readonly priority?: number;
  readonly nowMs?: number;
  readonly expiresAtMs?: number;
}

const shortString = (text: string) => Buffer.from([text.length, ...Buffer.from(text)]);

/** A mounted volume of messages in queues, without a broker above it. */
export class QueueVolume {
  readonly volume: Volume;
  readonly #queues = new Queues();
  #log: Log | undefined = undefined;
  #waiting: { group: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  /** Why nothing can be written any more. */
  failure: Error | undefined = undefined;
  /** The reports of a full disk. */
  readonly full: boolean[] = [];

  private constructor(volume: Volume) {
    this.volume = volume;
  }

  /** Mounts the volume; what it held is there when this returns, and its first group is synced. */
  static async open(
    disk: Disk,
    folder: string,
    keys: KeyObject | DataKeys,
    options: Partial<LogOptions> = {},
  ): Promise<QueueVolume> {
    const opened = await QueueVolume.openUnsynced(disk, folder, keys, options);
    await opened.durable(1);
    return opened;
  }

  /** Opens the volume without waiting for the first group. */
  static async openUnsynced(
    disk: Disk,
    folder: string,
    keys: KeyObject | DataKeys,
    options: Partial<LogOptions> = {},
  ): Promise<QueueVolume> {
    const volume = await Volume.open(disk, folder, keys, options.clock);
    const opened = new QueueVolume(volume);
    try {
      opened.#log = await Log.open(volume, opened.store, {
        onDurable: (group) => opened.#durable(group),
        onFailed: (error) => opened.#failed(error),
        onFull: (isFull) => opened.full.push(isFull),
        ...options,
      });
    } catch (error) {
      await volume.close();
      throw error;
    }
    opened.store.recovered();
    return opened;
  }

  get store(): MessageStore {
    return this.#queues.store;
  }

  get log(): Log {
    if (this.#log === undefined) throw new Error('the log is not open');
    return this.#log;
  }

  #durable(group: number): void {
    const ready = this.#waiting.filter((waiter) => waiter.group <= group);
    this.#waiting = this.#waiting.filter((waiter) => waiter.group > group);
    for (const waiter of ready) waiter.resolve();
  }

  #failed(error: Error): void {
    this.failure = error;
    for (const waiter of this.#waiting) waiter.reject(error);
  }

  /** Resolves once the group is synced. */
  durable(group: number): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.log.durableGroup >= group) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ group, resolve, reject }));
  }

  /** Resolves once what was appended is synced. */
  synced(): Promise<void> {
    const group = this.log.appendedGroup;
    this.log.sync();
    return this.durable(group);
  }

  window(queue: number): QueueIndex {
    const queueIndex = this.store.indexes.get(queue);
    if (queueIndex === undefined) throw new Error(`there is no queue ${queue}`);
    return queueIndex;
  }

  declare(queue: number): void {
    this.#change({ queue });
  }

  declareStream(queue: number, segmentBytesMax: number): void {
    this.#change({ queue, isStream: true });
    this.stream(queue).segmentBytesMax = segmentBytesMax;
  }

  #change(change: QueueChange): void {
    this.store.define(change);
    this.#queues.apply(change);
  }

  stream(queue: number): StreamIndex {
    const found = this.window(queue);
    if (!(found instanceof StreamIndex)) throw new Error(`queue ${queue} is not a stream`);
    return found;
  }

  publish(queues: readonly number[], body: string, options: MessageOptions = {}): void {
    const keys = [options.exchange ?? '', options.routingKey ?? ''].map(shortString);
    const part = Buffer.from(body);
    const head = Buffer.from(options.head ?? '');
    const address = Buffer.concat(keys);
    this.store.append(
      {
        format: 1,
        priority: options.priority ?? 0,
        address: address,
        addressStart: 0,
        addressEnd: address.length,
        head,
        headStart: 0,
        headEnd: head.length,
        bodyLength: part.length,
        partCount: 1,
        parts: [part],
        partStarts: [0],
        partEnds: [part.length],
      },
      queues.map((queue) => this.window(queue)),
      true,
      options.nowMs ?? 0,
      options.expiresAtMs ?? Infinity,
    );
  }

  settle(queue: number, sequence: number): void {
    this.store.settle(this.window(queue), sequence);
    this.store.writeSettlements();
  }

  /** The numbers of a queue's live messages, in order. */
  numbers(queue: number): number[] {
    const window = this.window(queue);
    const numbers: number[] = [];
    for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) numbers.push(s);
    return numbers;
  }

  /** Returns the bodies of a queue's live messages in order, and loads them if necessary. */
  async bodies(queue: number): Promise<string[]> {
    const queueIndex = this.window(queue);
    const view = new MessageView();
    const bodies: string[] = [];
    if (queueIndex instanceof StreamIndex) {
      const reader = new StreamReader(queueIndex, () => this.log, 0);
      for (let found = reader.read(view, Infinity); found !== 'end'; ) {
        if (found === 'cold') await this.log.load(queueIndex.slot(reader.coldSequence));
        else bodies.push(view.buffer.toString('utf8', view.bodyAt, view.bodyAt + view.bodyLength));
        found = reader.read(view, Infinity);
      }
      return bodies;
    }
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      await this.log.load(queueIndex.slot(s));
      this.store.view(queueIndex, s, view);
      const { bodyAt, bodyLength } = view;
      bodies.push(view.buffer.toString('utf8', bodyAt, bodyAt + bodyLength));
    }
    return bodies;
  }

  /** The result of recovery, one line of JSON per queue: number, next, and the live messages. */
  async live(): Promise<string[]> {
    const lines: string[] = [];
    for (const [queue, queueIndex] of this.store.indexes) {
      const messages: unknown[] = [];
      const bodies = await this.bodies(queue);
      for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
        const due = queueIndex.expiresAtMs(s);
        const state = [
          queueIndex.priority(s),
          due === Infinity ? null : due,
          queueIndex.isRedelivered(s),
        ];
        messages.push([s, bodies.shift(), ...state]);
      }
      lines.push(JSON.stringify({ queue, next: queueIndex.next, messages }));
    }
    return lines;
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.volume.close();
  }
}
