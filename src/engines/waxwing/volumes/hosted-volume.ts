// The volume of a running broker, as the service changes and copies it.

import type { KeyObject } from 'node:crypto';
import { WaxwingError } from '../../../base/errors.ts';
import type { FrozenVolumeFiles } from '../../../control/volumes/volume-state.ts';
import type { FrozenVolume } from '../../../storage/frozen/frozen-volume.ts';
import type { Log } from '../../../storage/log.ts';
import type { Volume } from '../../../storage/volume.ts';
import type { VolumeAnswer, VolumeCall, VolumeResults } from './volume-calls.ts';

/** Answers calls to the volume of a broker. */
export class HostedVolume {
  readonly #volume: Volume;
  readonly #log: Log;
  readonly #frozen = new Map<number, FrozenVolume>();
  #holdCount = 0;

  /** Continues to seal data again if an earlier process was interrupted. */
  constructor(volume: Volume, log: Log) {
    this.#volume = volume;
    this.#log = log;
    log.dataKeys.reseal();
  }

  /**
   * Performs a call. Expected errors are part of the answer.
   *
   * @param dataKey the data key of `add-key`
   */
  async answer(call: VolumeCall, dataKey: KeyObject | undefined): Promise<VolumeAnswer> {
    try {
      return { result: await this.#perform(call, dataKey) };
    } catch (error) {
      if (!(error instanceof WaxwingError)) throw error;
      return { failure: { code: error.code, message: error.message } };
    }
  }

  async #perform(
    call: VolumeCall,
    dataKey: KeyObject | undefined,
  ): Promise<VolumeResults[VolumeCall['kind']]> {
    switch (call.kind) {
      case 'state':
        return this.#log.dataKeys.state;
      case 'rewrap':
        await this.#volume.rewrapAll(
          call.keys.map(({ generation, wrappedKey }) => {
            return { generation, wrappedKey: Buffer.from(wrappedKey, 'base64') };
          }),
        );
        return true;
      case 'add-key': {
        if (dataKey === undefined) throw new Error('a data key is missing');
        const wrappedKey = Buffer.from(call.wrappedKey, 'base64');
        const generation = await this.#log.dataKeys.add(wrappedKey, dataKey);
        this.#log.dataKeys.reseal();
        return generation;
      }
      case 'freeze':
        return this.#freeze();
      case 'release':
        return this.#release(call.hold);
    }
  }

  async #freeze(): Promise<FrozenVolumeFiles> {
    const frozen = await this.#log.freeze();
    const hold = ++this.#holdCount;
    this.#frozen.set(hold, frozen);
    const kept = [...frozen.kept].map(([name, bytes]) => [name, bytes.toString('base64')]);
    return { hold, files: frozen.files, kept: Object.fromEntries(kept) };
  }

  #release(hold: number): boolean {
    const frozen = this.#frozen.get(hold);
    this.#frozen.delete(hold);
    const isHeld = frozen?.isHeld ?? false;
    frozen?.release();
    return isHeld;
  }
}
