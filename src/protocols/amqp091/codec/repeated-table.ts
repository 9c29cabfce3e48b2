// Field tables that are often the same.

import type { Reader } from '../../../base/bytes.ts';
import { type FieldTable, readTable } from './tables.ts';

/** Larger tables are decoded each time. Those of clients have a few hundred bytes. */
const keptBytesMax = 4096;

/** The last table, and its bytes with their length; empty before the first one. */
let last: { readonly bytes: Buffer; readonly table: FieldTable } = {
  bytes: Buffer.alloc(0),
  table: {},
};

/**
 * Decodes a field table, starting with its length, as {@link readTable}. Clients send the same table each
 * time that they connect. If the bytes are those of the last call, it returns the table of that call.
 */
export function readRepeatedTable(r: Reader): FieldTable {
  const start = r.at;
  const { bytes, table } = last;
  const end = start + bytes.length;
  const isSame =
    bytes.length > 0 && end <= r.end && r.bytes.compare(bytes, 0, bytes.length, start, end) === 0;
  if (isSame) {
    r.at = end;
    return table;
  }
  const decoded = readTable(r);
  if (r.at - start <= keptBytesMax) {
    last = { bytes: Buffer.from(r.bytes.subarray(start, r.at)), table: decoded };
  }
  return decoded;
}
