// Reads the performative of transfers in their usual encoding (2.7.5).

import { readU32 } from '../../../base/bytes.ts';
import { codes } from './format-codes.ts';
import { type Composite, compositeCodes, type Transfer } from './performatives.gen.ts';

/** The fields of a received transfer that the broker uses. */
export interface ReceivedTransfer {
  readonly handle: number;
  readonly deliveryId: number | undefined;
  /** Length of the delivery tag, in bytes; undefined if there is none. */
  readonly tagBytes: number | undefined;
  readonly messageFormat: number | undefined;
  readonly settled: boolean | undefined;
  readonly more: boolean | undefined;
  readonly state: Composite | undefined;
  readonly aborted: boolean | undefined;
}

/** Returns the used fields of a transfer. */
export function receivedTransfer(transfer: Transfer): ReceivedTransfer {
  const { handle, deliveryId, deliveryTag, messageFormat, settled, more, state, aborted } =
    transfer;
  const tagBytes = deliveryTag?.length;
  return { handle, deliveryId, tagBytes, messageFormat, settled, more, state, aborted };
}

/** The number of fields. */
const fieldCount = 11;

/**
 * Reads transfers whose fields have the usual encodings, without an object for each value. The
 * object is reused.
 */
export class TransferReader {
  /** The offset after the performative. */
  at = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** Fields from here on are absent. */
  #end = 0;
  #left = 0;
  /** Whether a field has another encoding, or is cut off. */
  #isUnusual = false;

  /**
   * Reads the performative between two offsets.
   *
   * @returns undefined if it is not a transfer in its usual encoding. It may be another performative,
   *   or an error, so that `readComposite` must read it
   */
  read(bytes: Buffer, at: number, end: number): ReceivedTransfer | undefined {
    const isTransfer =
      bytes[at] === codes.described &&
      bytes[at + 1] === codes.smallulong &&
      bytes[at + 2] === compositeCodes.transfer;
    if (!isTransfer || !this.#open(bytes, at + 3, end)) return undefined;
    const handle = this.#uint();
    const deliveryId = this.#uint();
    const tagBytes = this.#binary();
    const messageFormat = this.#uint();
    const settled = this.#boolean();
    const more = this.#boolean();
    const hasMode = this.#isPresent();
    const hasState = this.#isPresent();
    this.#boolean(); // resume
    const aborted = this.#boolean();
    this.#boolean(); // batchable
    if (this.#isUnusual || hasMode || hasState || handle === undefined) return undefined;
    this.at = this.#end;
    const state = undefined;
    return { handle, deliveryId, tagBytes, messageFormat, settled, more, state, aborted };
  }

  /** Begins to read a list. Returns false if it is not a list or too long. */
  #open(bytes: Buffer, at: number, end: number): boolean {
    // Many frames are in the same bytes: a reference from an old object to a new one is expensive.
    if (this.#bytes !== bytes) this.#bytes = bytes;
    this.#isUnusual = false;
    if (at + 9 > end) return false;
    const code = bytes[at];
    if (code === codes.list8) {
      this.at = at + 3;
      this.#end = at + 2 + (bytes[at + 1] ?? 0);
      this.#left = bytes[at + 2] ?? 0;
    } else if (code === codes.list32) {
      this.at = at + 9;
      this.#end = at + 5 + readU32(bytes, at + 1);
      this.#left = readU32(bytes, at + 5);
    } else return false;
    return this.#end <= end && this.#left <= fieldCount;
  }

  /** Skips bytes and returns their offset. */
  #take(size: number): number {
    const { at } = this;
    this.at = at + size;
    if (this.at > this.#end) this.#isUnusual = true;
    return at;
  }

  /** The format code of the next field; that of null if it is absent. */
  #code(): number {
    if (this.#left === 0) return codes.null;
    this.#left--;
    return this.#bytes[this.#take(1)] ?? 0;
  }

  #uint(): number | undefined {
    const code = this.#code();
    if (code === codes.uint) return readU32(this.#bytes, this.#take(4));
    if (code === codes.smalluint) return this.#bytes[this.#take(1)];
    if (code === codes.uint0) return 0;
    return this.#absent(code);
  }

  #boolean(): boolean | undefined {
    const code = this.#code();
    if (code === codes.true) return true;
    if (code === codes.false) return false;
    return this.#absent(code);
  }

  /** Returns the length of a binary value. */
  #binary(): number | undefined {
    const code = this.#code();
    let size: number;
    if (code === codes.vbin8) size = this.#bytes[this.#take(1)] ?? 0;
    else if (code === codes.vbin32) size = readU32(this.#bytes, this.#take(4));
    else return this.#absent(code);
    this.#take(size);
    return size;
  }

  #isPresent(): boolean {
    return this.#code() !== codes.null;
  }

  #absent(code: number): undefined {
    if (code !== codes.null) this.#isUnusual = true;
    return undefined;
  }
}
