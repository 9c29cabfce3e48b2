// The part of all decoders of byte streams that stops and suspends them.

import { joined } from '../base/bytes.ts';
import type { HeldInput } from './input-gate.ts';

/** Passes received data to a decoder. While it is suspended, it keeps what follows. */
export abstract class SuspendableInput implements HeldInput {
  #isStopped = false;
  #isSuspended = false;
  /** Data that was received while the input was suspended. */
  #kept: Buffer[] = [];

  /**
   * Decodes data from an offset, up to the end of a frame at most.
   *
   * @returns the offset after what was decoded or copied, larger than `at`
   */
  protected abstract decode(bytes: Buffer, at: number): number;

  /** Releases the parts of incomplete frames. Nothing is decoded afterwards. */
  protected abstract discard(): void;

  /** Stops passing on frames, including those already received. */
  stop(): void {
    this.#isStopped = true;
    this.#kept = [];
    this.discard();
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** See `HeldInput`. */
  suspend(): void {
    this.#isSuspended = true;
  }

  resume(): Buffer {
    this.#isSuspended = false;
    const kept = this.#kept;
    this.#kept = [];
    return joined(kept);
  }

  /** @throws the error of the protocol if the data are malformed or exceed a limit */
  receive(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#isStopped) {
      if (this.#isSuspended) {
        this.#kept.push(bytes.subarray(at));
        return;
      }
      at = this.decode(bytes, at);
    }
  }
}
