// The properties of class `basic`.

import { Reader, type Writer } from '../../../base/bytes.ts';
import { type FieldTable, readTable, writeTable } from './tables.ts';

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
  /** Whole seconds since 1970, up to 2^64. */
  timestamp?: number | bigint;
  type?: string;
  userId?: string;
  appId?: string;
  clusterId?: string;
}

type Kind = 'shortString' | 'table' | 'u8' | 'u64';

/** The flag of the first property is bit 15. Each further one has the next lower bit. */
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

/**
 * Decodes a head: property flags, then the properties that are present. A timestamp is a bigint
 * only if a number would not be exact.
 */
export function readProperties(head: Buffer, start = 0, end = head.length): BasicProperties {
  const r = new Reader(head, start, end);
  const flags = r.u16();
  const found: Record<string, unknown> = {};
  layout.forEach(([name, kind], index) => {
    if ((flags & bitOf(index)) !== 0) found[name] = readProperty(r, kind);
  });
  return found as BasicProperties; // the layout and the interface name the same types
}

function readProperty(r: Reader, kind: Kind): unknown {
  switch (kind) {
    case 'shortString':
      return r.shortString();
    case 'table':
      return readTable(r);
    case 'u8':
      return r.u8();
    case 'u64': {
      const value = r.bytes.readBigUInt64BE(r.skip(8));
      return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
    }
  }
}

/** Encodes a head. */
export function writeProperties(w: Writer, properties: BasicProperties): void {
  const start = w.claim(2);
  let flags = 0;
  layout.forEach(([name, kind], index) => {
    const value = properties[name];
    if (value === undefined) return;
    flags |= bitOf(index);
    if (typeof value === 'string') w.shortString(value);
    else if (typeof value === 'object') writeTable(w, value);
    else if (kind === 'u8') w.u8(Number(value));
    else writeU64(w, BigInt(value));
  });
  w.bytes.writeUInt16BE(flags, start);
}

function writeU64(w: Writer, value: bigint): void {
  const at = w.claim(8);
  w.bytes.writeBigUInt64BE(value, at);
}
