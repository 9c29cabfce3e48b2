import { randomBytes } from 'node:crypto';
import { Broker } from '../../src/broker/broker.ts';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { Log } from '../../src/storage/log.ts';
import type { LogOptions } from '../../src/storage/log-owner.ts';
import { Volume } from '../../src/storage/volume.ts';
import { MemoryDisk } from './memory-disk.ts';
import { plainFormat } from './plain-format.ts';

const folder = 'broker';

/** A broker over a real log on a disk in memory. */
export class BrokerOnLog {
  readonly disk = new MemoryDisk();
  readonly dataKey = keyFromBytes(randomBytes(32));
  readonly #options: Partial<LogOptions>;
  #broker: Broker | undefined = undefined;
  #volume: Volume | undefined = undefined;

  private constructor(options: Partial<LogOptions>) {
    this.#options = options;
  }

  /** A new broker, its first group synced. */
  static async start(options: Partial<LogOptions> = {}): Promise<BrokerOnLog> {
    const made = new BrokerOnLog(options);
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(made.disk, folder, volume, made.dataKey);
    await made.#open();
    return made;
  }

  async #open(): Promise<void> {
    const volume = await Volume.open(this.disk, folder, this.dataKey);
    this.#volume = volume;
    this.#broker = await Broker.open({
      openLog: async (store) => {
        await Log.open(volume, store, {
          onDurable: (group) => this.#broker?.onDurable(group),
          onFailed: (error) => {
            throw error;
          },
          ...this.#options,
        });
      },
      formats: [plainFormat],
      users: [],
      verifyPassword: async () => false,
      limits: { memoryBytesMax: Infinity },
    });
    await this.broker.defined();
  }

  get broker(): Broker {
    if (this.#broker !== undefined) return this.#broker;
    throw new Error('the broker is not open');
  }

  /** Resolves once all that was appended so far is synced. */
  async synced(): Promise<void> {
    this.broker.define({ kind: 'started' });
    await this.broker.defined();
  }

  /** Ends the broker in order and opens it again. */
  async restart(): Promise<void> {
    await this.broker.close();
    await this.#volume?.close();
    await this.#open();
  }
}
