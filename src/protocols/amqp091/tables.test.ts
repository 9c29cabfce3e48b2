import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Reader, Writer } from '../../base/bytes.ts';
import { type FieldTable, type FieldValue, readTable, Timestamp, writeTable } from './tables.ts';

const { value } = fc.letrec<{ value: FieldValue; table: FieldTable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.boolean(),
    fc.string(),
    fc.double({ noNaN: true }),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.constant(null),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.maxSafeNat().map((seconds) => new Timestamp(seconds)),
    fc.array(tie('value')),
    tie('table'),
  ),
  table: fc
    .dictionary(fc.string({ maxLength: 60 }), tie('value'))
    .map((table) => Object.assign(Object.create(null), table)),
}));

const encode = (table: FieldTable) => {
  const w = new Writer(16);
  writeTable(w, table);
  return w.toBuffer();
};

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A table with the one field `a`, given its type letter and value. */
const fieldA = (letterAndValue: string) => {
  const field = Buffer.concat([hex('01 61'), hex(letterAndValue)]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(field.length);
  return readTable(new Reader(Buffer.concat([size, field])))['a'];
};

test('a field table reads back as it was written', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 60 }), value), (table) => {
      const r = new Reader(encode(table));
      assert.deepEqual({ ...readTable(r) }, { ...table });
      assert.equal(r.left, 0);
    }),
    { numRuns: 300 },
  );
});

test("RabbitMQ's type letters are understood", () => {
  assert.equal(fieldA('62 ff'), -1);
  assert.equal(fieldA('42 ff'), 255);
  assert.equal(fieldA('73 fffe'), -2);
  assert.equal(fieldA('75 fffe'), 65534);
  assert.equal(fieldA('49 fffffffd'), -3);
  assert.equal(fieldA('69 fffffffd'), 4294967293);
  assert.equal(fieldA('6c 0000000100000000'), 4294967296);
  assert.equal(fieldA('6c 7fffffffffffffff'), 2n ** 63n - 1n);
  assert.equal(fieldA('66 3fc00000'), 1.5);
  assert.equal(fieldA('64 3ff8000000000000'), 1.5);
  assert.equal(fieldA('44 02 0000007b'), 1.23);
  assert.equal(fieldA('53 00000002 6869'), 'hi');
  assert.deepEqual(fieldA('78 00000002 0001'), Buffer.from([0, 1]));
  assert.deepEqual(fieldA('54 000000000000003c'), new Timestamp(60));
  assert.deepEqual(fieldA('41 00000003 7401 56'), [true, null]);
});

test('a table that ends inside a value is a syntax error', () => {
  assert.throws(() => readTable(new Reader(hex('00000004 0161 49 00 000000'))), {
    code: 'syntax-error',
  });
});

test('an unknown type letter is named in the error', () => {
  assert.throws(() => fieldA('51 00'), { message: /0x51/ });
});

test('tables nested too deep are refused before the stack is exhausted', () => {
  let bytes = hex('00000000');
  for (let depth = 0; depth < 5000; depth++) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length + 3);
    bytes = Buffer.concat([size, hex('01 61 46'), bytes]);
  }
  assert.throws(() => readTable(new Reader(bytes)), { message: /nested deeper than 64/ });
});

test('a field named __proto__ is a field like any other', () => {
  const table = readTable(new Reader(hex('0000000c 09 5f5f70726f746f5f5f 7401')));
  assert.deepEqual(Object.keys(table), ['__proto__']);
});
