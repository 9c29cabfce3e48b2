import { Reader, type Writer } from '../../../base/bytes.ts';
import { AmqpError } from '../errors.ts';
import { type FieldTable, readTable, skipTable, writeTable } from './tables.ts';

/** The properties of class basic (1.8), in their order on the wire. */
export interface BasicProperties {
  contentType?: string;
  contentEncoding?: string;
  headers?: FieldTable;
  deliveryMode?: number;
  priority?: number;
  correlationId?: string;
  replyTo?: string;
  expiration?: string;
  messageId?: string;
  /** Whole seconds since 1970. */
  timestamp?: number;
  type?: string;
  userId?: string;
  appId?: string;
  clusterId?: string;
}

type Kind = 'shortString' | 'table' | 'u8' | 'u64';

/** The flag of the first property is bit 15; each further one has the next lower bit. */
const layout: readonly (readonly [keyof BasicProperties, Kind])[] = [
  ['contentType', 'shortString'],
  ['contentEncoding', 'shortString'],
  ['headers', 'table'],
  ['deliveryMode', 'u8'],
  ['priority', 'u8'],
  ['correlationId', 'shortString'],
  ['replyTo', 'shortString'],
  ['expiration', 'shortString'],
  ['messageId', 'shortString'],
  ['timestamp', 'u64'],
  ['type', 'shortString'],
  ['userId', 'shortString'],
  ['appId', 'shortString'],
  ['clusterId', 'shortString'],
];

const bitOf = (index: number) => 0x8000 >>> index;

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

/** Reads a head: property flags, then the properties that are present. */
export function readProperties(head: Buffer): BasicProperties {
  const r = new Reader(head);
  const flags = readFlags(r);
  const found: Record<string, unknown> = {};
  layout.forEach(([name, kind], index) => {
    if ((flags & bitOf(index)) !== 0) found[name] = readProperty(r, kind);
  });
  return found as BasicProperties; // the layout above and the interface name the same types
}

function readProperty(r: Reader, kind: Kind): unknown {
  switch (kind) {
    case 'shortString':
      return r.shortString();
    case 'table':
      return readTable(r);
    case 'u8':
      return r.u8();
    case 'u64':
      return r.u64();
  }
}

/** Writes a head. */
export function writeProperties(w: Writer, properties: BasicProperties): void {
  const start = w.claim(2);
  let flags = 0;
  layout.forEach(([name, kind], index) => {
    const value = properties[name];
    if (value === undefined) return;
    flags |= bitOf(index);
    if (typeof value === 'string') w.shortString(value);
    else if (typeof value !== 'number') writeTable(w, value);
    else if (kind === 'u8') w.u8(value);
    else w.u64(value);
  });
  w.bytes.writeUInt16BE(flags, start);
}

/**
 * Where the properties that the broker itself acts on lie in a head. One object is reused for every
 * message, so that looking costs no memory.
 */
export class HeadScan {
  persistent = false;
  priority = 0;
  /** Positions of the short strings' length bytes; -1 where the property is absent. */
  expirationAt = -1;
  replyToAt = -1;
  userIdAt = -1;
  headersAt = -1;
  readonly #reader = new Reader(Buffer.alloc(0));

  /**
   * Looks through `bytes` from `at` to `end`.
   *
   * @throws {AmqpError} 'syntax-error' where the properties do not end exactly there
   */
  scan(bytes: Buffer, at: number, end: number): void {
    this.persistent = false;
    this.priority = 0;
    this.expirationAt = -1;
    this.replyToAt = -1;
    this.userIdAt = -1;
    this.headersAt = -1;
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
      skipTable(r);
    }
    if ((flags & 0x1000) !== 0) this.persistent = r.u8() === 2;
    if ((flags & 0x0800) !== 0) this.priority = r.u8();
    if ((flags & 0x07fc) !== 0) this.#scanRest(r, flags);
    if (r.at !== end) {
      throw new AmqpError('syntax-error', `${end - r.at} bytes left after the last property`);
    }
  }

  #scanRest(r: Reader, flags: number): void {
    if ((flags & 0x0400) !== 0) skipShort(r);
    if ((flags & 0x0200) !== 0) this.replyToAt = skipShort(r);
    if ((flags & 0x0100) !== 0) this.expirationAt = skipShort(r);
    if ((flags & 0x0080) !== 0) skipShort(r);
    if ((flags & 0x0040) !== 0) r.skip(8);
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
