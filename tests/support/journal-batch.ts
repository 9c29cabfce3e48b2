// Batches as KahaDB writes them.

import { Adler32, batchMark } from '../../src/engines/activemq/replicas/journal-format.ts';

/** A batch with some records, without the mark behind it. */
export function journalBatch(records: Buffer, hasChecksum = true): Buffer {
  const head = Buffer.alloc(28);
  batchMark.copy(head);
  head.write('WRITE BATCH', 5);
  head.writeInt32BE(records.length, 16);
  const sum = new Adler32();
  sum.update(records);
  if (hasChecksum) head.writeBigInt64BE(BigInt(sum.value), 20);
  return Buffer.concat([head, records]);
}
