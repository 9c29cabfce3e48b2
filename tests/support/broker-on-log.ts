// A broker over a real log on a disk in memory.

import { randomBytes } from 'node:crypto';
import { Broker } from '../../src/broker/broker.ts';
import type { BrokerOptions } from '../../src/broker/broker-options.ts';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { checkVolume } from '../../src/storage/check.ts';
import { Log } from '../../src/storage/log.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { proveRecord } from '../../src/storage/record-shapes.ts';
import { Volume } from '../../src/storage/volume.ts';
import { MemoryDisk } from './memory-disk.ts';
import { plainFormat } from './plain-format.ts';
import { until } from './processes.ts';

const folder = 'broker';
/** Turns of the event loop in which most groups are synced. */
const quickTurnCount = 1000;

/** A broker over a real log on a disk in memory. */
export class BrokerOnLog {
  disk = new MemoryDisk();
  /** Called when a log was replayed, before the queues are recovered. */
  onReplayed: () => void = () => {};
  readonly dataKey = keyFromBytes(randomBytes(32));
  readonly #options: Partial<LogOptions>;
  readonly #brokerOptions: Partial<BrokerOptions>;
  #log: Log | undefined = undefined;
  #broker: Broker | undefined = undefined;
  #volume: Volume | undefined = undefined;

  private constructor(options: Partial<LogOptions>, brokerOptions: Partial<BrokerOptions>) {
    this.#options = options;
    this.#brokerOptions = brokerOptions;
  }

  /** A new broker, its first group synced. */
  static async start(
    options: Partial<LogOptions> = {},
    brokerOptions: Partial<BrokerOptions> = {},
  ): Promise<BrokerOnLog> {
    const made = new BrokerOnLog(options, brokerOptions);
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(made.disk, folder, volume, made.dataKey);
    await made.#open();
    return made;
  }

  async #open(): Promise<void> {
    const volume = await Volume.open(this.disk, folder, this.dataKey);
    this.#volume = volume;
    let broker: Broker | undefined;
    broker = await Broker.open({
      openLog: async (store) => {
        this.#log = await Log.open(volume, store, {
          onDurable: (group) => broker?.onDurable(group),
          onFailed: (error) => {
            throw error;
          },
          ...this.#options,
        });
        this.onReplayed();
      },
      formats: [plainFormat],
      users: [],
      verifyPassword: async () => false,
      limits: { memoryBytesMax: Infinity },
      ...this.#brokerOptions,
    });
    this.#broker = broker;
    await broker.defined();
  }

  /** Whether the broker is there: neither being opened nor closed. */
  get isOpen(): boolean {
    return this.#broker !== undefined;
  }

  get broker(): Broker {
    if (this.#broker !== undefined) return this.#broker;
    throw new Error('the broker is not open');
  }

  get log(): Log {
    if (this.#log !== undefined) return this.#log;
    throw new Error('the log is not open');
  }

  /** Resolves once what was appended so far is synced; adds nothing to it. */
  async flushed(): Promise<void> {
    const { log } = this;
    const group = log.appendedGroup;
    const isSynced = () => log.durableGroup >= group;
    if (!isSynced()) log.sync();
    for (let turns = 0; !isSynced() && turns < quickTurnCount; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    // Turns without work pass faster than a timer or another thread of a busy machine.
    await until('the log syncs', isSynced);
  }

  /** Resolves once all that was appended so far is synced. */
  async synced(): Promise<void> {
    this.broker.define({ kind: 'started' });
    await this.broker.defined();
  }

  /** Ends the broker in order and opens it again. */
  async restart(): Promise<void> {
    await this.close();
    await this.#open();
  }

  /** Opens the broker again as it is after the process was killed. */
  async kill(): Promise<void> {
    const left = this.disk.copy();
    await this.close();
    this.disk = left;
    await this.#open();
  }

  /** Ends the broker in order. */
  async close(): Promise<void> {
    const { broker } = this;
    this.#broker = undefined;
    await broker.close();
    await this.#volume?.close();
  }

  /**
   * Proves the volume sound, with every record in it; the broker must be closed.
   *
   * @throws {StorageError}
   */
  async check(): Promise<void> {
    await checkVolume(this.disk, folder, this.dataKey, () => {}, { found: proveRecord });
  }
}
