// The structures that a peer has sent last, if it uses no cache.

import { equalsAt } from '../../../base/bytes.ts';

/** A structure with its encoding. */
interface Known {
  /** The nested structure in the loose encoding, with the flag that precedes it. */
  readonly bytes: Buffer;
  readonly value: object;
}

/** Maximum size of a structure that is kept, in bytes. */
const sizeMax = 512;
/** Ids and destinations have types from here. */
const typeMin = 100;
const typeCount = 25;

/**
 * The last id or destination of each type. A peer that uses no cache repeats them with each
 * command. Equal ones are not decoded again, and are the same object.
 */
export class LastStructures {
  readonly #known: (Known | undefined)[] = [];

  /** Returns the last structure of its type if the bytes at an offset are equal to it. */
  find(bytes: Buffer, at: number, end: number): Known | undefined {
    const known = this.#known[(bytes[at + 1] ?? 0) - typeMin];
    if (known === undefined) return undefined;
    if (at + known.bytes.length > end) return undefined;
    return equalsAt(known.bytes, bytes, at) ? known : undefined;
  }

  /** Keeps a structure, whose encoding is between two offsets. */
  keep(bytes: Buffer, start: number, end: number, value: object): void {
    const index = (bytes[start + 1] ?? 0) - typeMin;
    if (index < 0 || index >= typeCount || end - start > sizeMax) return;
    while (this.#known.length <= index) this.#known.push(undefined);
    this.#known[index] = { bytes: Buffer.from(bytes.subarray(start, end)), value };
  }
}
