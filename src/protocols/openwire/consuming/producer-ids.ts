// The producers of the messages that a connection is sent.

import { equalsAt } from '../../../base/bytes.ts';
import type { ProducerId } from '../codec/commands.gen.ts';
import { EncodedStructure } from '../codec/dispatch-writer.ts';
import { decodeNested } from '../codec/stored-message.ts';

/** Number of producers whose ids are kept: a power of two. */
const keptCount = 16;

/** The ids of the producers of the last messages, by their encoding in stored heads. */
export class ProducerIds {
  readonly #kept: (EncodedStructure<ProducerId> | undefined)[] = [];

  /**
   * Returns the id whose encoding is between two offsets, with the flag that precedes it.
   *
   * @throws {BytesError | OpenWireError} if it is invalid
   */
  find(bytes: Buffer, start: number, end: number): EncodedStructure<ProducerId> {
    const at = placeOf(bytes, end);
    const known = this.#kept[at];
    if (known !== undefined) {
      const own = known.bytes;
      if (own.length === end - start && equalsAt(own, bytes, start)) return known;
    }
    const found = decodeNested(bytes, start, end) as ProducerId; // the caller has checked the type
    const kept = new EncodedStructure(found, Buffer.from(bytes.subarray(start, end)));
    while (this.#kept.length <= at) this.#kept.push(undefined);
    this.#kept[at] = kept;
    return kept;
  }
}

/** Mixes the last character of the connection, the number, and the session of an encoded id. */
function placeOf(bytes: Buffer, end: number): number {
  const mixed = (bytes[end - 17] ?? 0) * 7 + (bytes[end - 9] ?? 0) * 3 + (bytes[end - 1] ?? 0);
  return mixed & (keptCount - 1);
}
