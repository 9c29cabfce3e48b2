import { Reader, type Writer } from '../../src/base/bytes.ts';
import {
  type FieldTable,
  readTable,
  writeTable,
} from '../../src/protocols/amqp091/codec/tables.ts';

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

/** Reads a head: property flags, then the properties that are present. */
export function readProperties(head: Buffer): BasicProperties {
  const r = new Reader(head);
  const flags = r.u16();
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
