// Copies of a volume in use.

import assert from 'node:assert/strict';
import { checkVolume } from '../../src/storage/check.ts';
import { StorageError } from '../../src/storage/errors.ts';
import type { FrozenVolume } from '../../src/storage/frozen/frozen-volume.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { QueueVolume } from '../support/queue-volume.ts';
import type { Machine } from './machine.ts';

/** Bodies that a copy must hold, by queue and number. */
export type Expected = ReadonlyMap<number, ReadonlyMap<number, string>>;

/** Copies of a volume, each made over many turns of a machine that goes on with the volume. */
export class FrozenCopies {
  readonly #machine: Machine;
  readonly #folder: string;
  readonly #whole: { readonly disk: MemoryDisk; readonly expected: Expected }[] = [];
  #failure: unknown = undefined;

  constructor(machine: Machine, folder: string) {
    this.#machine = machine;
    this.#folder = folder;
  }

  /**
   * Begins a copy; nobody waits for it, and a power cut or the end of the log may end it.
   *
   * @param expected what is synced now
   */
  begin(volume: QueueVolume, expected: Expected): void {
    volume.log
      .freeze()
      .then((frozen) => this.#copy(frozen, expected))
      .catch((error: unknown) => {
        const code = error instanceof StorageError ? error.code : '';
        const isExpected = code === 'freeze-ended' || code === 'freeze-refused';
        if (!isExpected && !this.#machine.disk.isCut) this.#failure ??= error;
      });
  }

  async #copy(frozen: FrozenVolume, expected: Expected): Promise<void> {
    const disk = new MemoryDisk();
    try {
      for (const file of frozen.files) {
        const chunks: Buffer[] = [];
        for await (const chunk of frozen.read(file)) chunks.push(chunk);
        const bytes = Buffer.concat(chunks);
        assert.equal(bytes.length, file.sizeBytes, file.name);
        disk.put(`${this.#folder}/${file.name}`, bytes);
      }
    } finally {
      frozen.release();
    }
    this.#whole.push({ disk, expected });
  }

  /**
   * Requires each copy that was completed to be sound and to hold what was synced, and nothing else.
   *
   * @returns how many there are
   */
  async verify(): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const { disk, expected } of this.#whole) {
      const keys = await this.#machine.keys(disk);
      await checkVolume(disk, this.#folder, keys);
      const life = await QueueVolume.open(disk, this.#folder, keys);
      for (const [queue, bodies] of expected) {
        const isThere = life.store.indexes.has(queue);
        const found = isThere ? await life.bodies(queue) : [];
        const numbers = isThere ? life.numbers(queue) : [];
        assert.deepEqual(
          numbers.map((number) => [number, found.shift()]),
          [...bodies],
          `queue ${queue}`,
        );
      }
      await life.close();
      assert.equal((await checkVolume(disk, this.#folder, keys)).isClosed, true);
    }
    return this.#whole.length;
  }
}
