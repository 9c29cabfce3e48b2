import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, Writer } from '../../../base/bytes.ts';
import type { Arguments } from '../../../broker/arguments.ts';
import { readRepeatedTable } from './repeated-table.ts';
import { writeTable } from './tables.ts';

function bytesOf(table: Arguments): Buffer {
  const writer = new Writer();
  writeTable(writer, table);
  return writer.toBuffer();
}

const client = (version: string): Arguments => ({
  product: { type: 'longstr', value: 'client' },
  version: { type: 'longstr', value: version },
  capabilities: { type: 'table', value: { 'basic.nack': { type: 'bool', value: true } } },
});

test('a table with the bytes of the last one is the same object, and any other is decoded', () => {
  const read = (table: Arguments) => {
    const bytes = bytesOf(table);
    const reader = new Reader(Buffer.concat([Buffer.from('abc'), bytes, Buffer.from('rest')]), 3);
    const found = readRepeatedTable(reader);
    assert.equal(reader.at, 3 + bytes.length);
    assert.deepEqual({ ...found }['version'], table['version']);
    return found;
  };
  const first = read(client('1'));
  assert.equal(read(client('1')), first);
  const other = read(client('2')); // differs in one byte
  assert.notEqual(other, first);
  assert.notEqual(read(client('1')), other);
});

test('a table that is cut off is refused, even if the last one continues so', () => {
  const bytes = bytesOf(client('1'));
  readRepeatedTable(new Reader(bytes));
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => readRepeatedTable(new Reader(bytes, 0, end)));
  }
});

test('the bytes of the last table are a copy', () => {
  const bytes = bytesOf(client('1'));
  const first = readRepeatedTable(new Reader(bytes));
  bytes.fill(0);
  assert.deepEqual({ ...readRepeatedTable(new Reader(bytes, 0, 4)) }, {});
  assert.notEqual(readRepeatedTable(new Reader(bytesOf(client('1')))), first);
});

test('a large table is decoded each time', () => {
  const large: Arguments = { text: { type: 'longstr', value: 'x'.repeat(5000) } };
  const first = readRepeatedTable(new Reader(bytesOf(large)));
  assert.deepEqual(readRepeatedTable(new Reader(bytesOf(large))), first);
  assert.notEqual(readRepeatedTable(new Reader(bytesOf(large))), first);
});
