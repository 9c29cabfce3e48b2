// Scanning and changing of encoded properties.

import { Reader, Writer } from '../../../base/bytes.ts';
import type { ArgumentChanges } from '../../../broker/arguments.ts';
import { AmqpError } from '../errors.ts';
import { scanTable, writeChangedTable, writeTable } from './tables.ts';

function readFlags(r: Reader): number {
  const flags = r.u16();
  if ((flags & 3) !== 0) {
    throw new AmqpError(
      'syntax-error',
      `property flags 0x${flags.toString(16)} name properties that class basic does not have`,
    );
  }
  return flags;
}

/**
 * The positions of the properties that the broker uses in a head. One object is reused for all
 * messages, so that scanning does not allocate.
 */
export class HeadScan {
  persistent = false;
  priority = 0;
  /** Offsets of the length bytes of short strings; -1 if the property is missing. */
  expirationAt = -1;
  replyToAt = -1;
  userIdAt = -1;
  correlationIdAt = -1;
  messageIdAt = -1;
  /** The offset of the time stamp; -1 if it is missing. */
  timestampAt = -1;
  /** The offset of the headers table, starting with its length, up to `headersEnd`. */
  headersAt = -1;
  headersEnd = -1;
  /** Whether there is a header `CC` or `BCC`. */
  isAddressed = false;
  readonly #reader = new Reader(Buffer.alloc(0));

  /**
   * Scans `bytes` from `at` to `end`.
   *
   * @throws {AmqpError} 'syntax-error' if the properties do not end exactly there
   */
  scan(bytes: Buffer, at: number, end: number): void {
    this.persistent = false;
    this.priority = 0;
    this.expirationAt = -1;
    this.replyToAt = -1;
    this.userIdAt = -1;
    this.correlationIdAt = -1;
    this.messageIdAt = -1;
    this.timestampAt = -1;
    this.headersAt = -1;
    this.isAddressed = false;
    const isOnlyDeliveryMode = bytes[at] === 0x10 && bytes[at + 1] === 0 && end - at === 3;
    if (isOnlyDeliveryMode) this.persistent = bytes[at + 2] === 2;
    else if (bytes[at] !== 0 || bytes[at + 1] !== 0 || end - at !== 2) this.#scan(bytes, at, end);
  }

  #scan(bytes: Buffer, at: number, end: number): void {
    const r = this.#reader;
    r.bytes = bytes;
    r.at = at;
    r.end = end;
    const flags = readFlags(r);
    if ((flags & 0x8000) !== 0) skipShort(r);
    if ((flags & 0x4000) !== 0) skipShort(r);
    if ((flags & 0x2000) !== 0) {
      this.headersAt = r.at;
      this.isAddressed = scanTable(r);
      this.headersEnd = r.at;
    }
    if ((flags & 0x1000) !== 0) this.persistent = r.u8() === 2;
    if ((flags & 0x0800) !== 0) this.priority = r.u8();
    if ((flags & 0x07fc) !== 0) this.#scanRest(r, flags);
    if (r.at !== end) {
      throw new AmqpError('syntax-error', `${end - r.at} bytes left after the last property`);
    }
  }

  #scanRest(r: Reader, flags: number): void {
    if ((flags & 0x0400) !== 0) this.correlationIdAt = skipShort(r);
    if ((flags & 0x0200) !== 0) this.replyToAt = skipShort(r);
    if ((flags & 0x0100) !== 0) this.expirationAt = skipShort(r);
    if ((flags & 0x0080) !== 0) this.messageIdAt = skipShort(r);
    if ((flags & 0x0040) !== 0) this.timestampAt = r.skip(8);
    if ((flags & 0x0020) !== 0) skipShort(r);
    if ((flags & 0x0010) !== 0) this.userIdAt = skipShort(r);
    if ((flags & 0x0008) !== 0) skipShort(r);
    if ((flags & 0x0004) !== 0) skipShort(r);
  }
}

function skipShort(r: Reader): number {
  const start = r.at;
  r.skip(r.u8());
  return start;
}

/** Changes of a head. */
export interface HeadChange {
  /** Changed headers by name. All others keep their bytes. */
  readonly headers?: ArgumentChanges;
  /** Replaces the existing property. */
  readonly replyTo?: string;
  readonly dropsExpiration?: boolean;
}

const found = new HeadScan();

/** Copies a head with changes. All other properties keep their bytes. */
export function changedHead(head: Buffer, start: number, end: number, change: HeadChange): Buffer {
  found.scan(head, start, end);
  const r = new Reader(head, start, end);
  const w = new Writer(end - start + 512);
  let flags = readFlags(r);
  const flagsAt = w.claim(2);
  let from = r.at;
  const replace = (at: number, next: number) => {
    w.raw(head.subarray(from, at));
    from = next;
  };
  if (change.headers !== undefined) {
    if ((flags & 0x8000) !== 0) skipShort(r);
    if ((flags & 0x4000) !== 0) skipShort(r);
    replace(r.at, found.headersAt < 0 ? r.at : found.headersEnd);
    writeHeaders(w, head, change.headers);
    flags |= 0x2000;
  }
  if (change.replyTo !== undefined && found.replyToAt >= 0) {
    replace(found.replyToAt, endOfShort(head, found.replyToAt));
    w.shortString(change.replyTo);
  }
  if (change.dropsExpiration === true && found.expirationAt >= 0) {
    replace(found.expirationAt, endOfShort(head, found.expirationAt));
    flags &= ~0x0100;
  }
  replace(end, end);
  w.bytes.writeUInt16BE(flags, flagsAt);
  return w.toBuffer();
}

/** Writes the headers of the last scanned head with changes. */
function writeHeaders(w: Writer, head: Buffer, changes: ArgumentChanges): void {
  if (found.headersAt >= 0) writeChangedTable(w, head, found.headersAt, changes);
  else writeTable(w, changes);
}

function endOfShort(bytes: Buffer, at: number): number {
  return at + 1 + bytes.readUInt8(at);
}
