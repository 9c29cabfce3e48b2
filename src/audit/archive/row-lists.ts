// Lists of rows by hash, in buckets.

/*
 * A bucket is a sequence of entries: hash (6) | size of the rows (3) | rows. Rows ascend and are
 * written as differences in 7 bits a byte, the highest bit set in all bytes but the last.
 */
const entryHeadBytes = 9;

/** The number of buckets of an archive. */
export const bucketCount = 64;

/** The bucket of a hash. */
export function bucketOf(hash: number): number {
  return hash % bucketCount;
}

/** Encodes the entries of one bucket. Rows ascend. */
export function encodeBucket(
  entries: readonly (readonly [hash: number, rows: number[]])[],
): Buffer {
  const pieces: Buffer[] = [];
  for (const [hash, rows] of entries) {
    const bytes = encodeRows(rows);
    const head = Buffer.alloc(entryHeadBytes);
    head.writeUIntBE(hash, 0, 6);
    head.writeUIntBE(bytes.length, 6, 3);
    pieces.push(head, bytes);
  }
  return Buffer.concat(pieces);
}

function encodeRows(rows: readonly number[]): Buffer {
  const bytes: number[] = [];
  let last = 0;
  for (const row of rows) {
    let left = row - last;
    last = row;
    for (; left >= 0x80; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
    bytes.push(left);
  }
  return Buffer.from(bytes);
}

/** The rows of a hash in its bucket, ascending; empty if it has none. */
export function rowsIn(bucket: Buffer, hash: number): number[] {
  let at = 0;
  while (at + entryHeadBytes <= bucket.length) {
    const size = bucket.readUIntBE(at + 6, 3);
    const from = at + entryHeadBytes;
    if (bucket.readUIntBE(at, 6) === hash) return decodeRows(bucket.subarray(from, from + size));
    at = from + size;
  }
  return [];
}

function decodeRows(bytes: Buffer): number[] {
  const rows: number[] = [];
  let last = 0;
  let value = 0;
  let factor = 1;
  for (const byte of bytes) {
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
    if (byte >= 0x80) continue;
    last += value;
    rows.push(last);
    value = 0;
    factor = 1;
  }
  return rows;
}
