// Broker logs on a disk in memory.

import { createSecretKey, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokerLogs } from '../../src/logs/broker-logs.ts';
import { Volume } from '../../src/storage/volume.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';

const folder = '/logs';

export const dayMs = 24 * 3600 * 1000;

/** A disk with a volume for logs, and as many starts on it as are asked for. */
export class LogsMachine {
  readonly clock = new ManualClock();
  readonly disk = new MemoryDisk();
  readonly failures: Error[] = [];
  /** The retention of all groups of a broker. */
  readonly retentionDays = new Map<string, number>();
  readonly #dataKey = createSecretKey(randomBytes(32));
  #epoch = 0;

  static async make(): Promise<LogsMachine> {
    const machine = new LogsMachine();
    const volume = { id: 'logs-1', kind: 'system', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(machine.disk, folder, volume, machine.#dataKey);
    return machine;
  }

  /** @param lineBytesMax another limit of the size of all lines */
  logs(lineBytesMax?: number): BrokerLogs {
    return new BrokerLogs({
      clock: this.clock,
      keptFromMs: ({ brokerId }, nowMs) => {
        const days = this.retentionDays.get(brokerId);
        return days === undefined ? 0 : nowMs - days * dayMs;
      },
      failed: (error) => this.failures.push(error),
      ...(lineBytesMax !== undefined && { limits: { lineBytesMax } }),
    });
  }

  async open(logs = this.logs()): Promise<BrokerLogs> {
    this.#epoch += 1;
    const volume = await Volume.open(this.disk, folder, this.#dataKey);
    await logs.open(volume, { epoch: this.#epoch, epochMin: this.#epoch - 1 });
    return logs;
  }

  /** The size of all files. */
  async storedBytes(): Promise<number> {
    const names = await this.disk.list(folder);
    const sizes = await Promise.all(
      names.map(async (name) => (await this.disk.open(`${folder}/${name}`)).sizeBytes),
    );
    return sizes.reduce((a, b) => a + b, 0);
  }

  /** Waits until the files have at most this size. Compactions check every two seconds. */
  async shrunkTo(bytesMax: number, again: () => void): Promise<void> {
    for (let tries = 0; tries < 600; tries++) {
      if ((await this.storedBytes()) <= bytesMax) return;
      again();
      await sleep(100);
    }
    throw new Error(`the files still have ${await this.storedBytes()} bytes`);
  }
}
