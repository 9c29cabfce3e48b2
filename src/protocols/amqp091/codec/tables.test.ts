import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Reader, Writer } from '../../../base/bytes.ts';
import { WaxwingError } from '../../../base/errors.ts';
import type { Argument, Arguments, ArgumentType } from '../../../broker/arguments.ts';
import {
  countFields,
  longString,
  readAddressFields,
  readTable,
  scanTable,
  writeTable,
} from './tables.ts';

const of = (type: ArgumentType, value: fc.Arbitrary<Argument['value']>) =>
  value.map((v): Argument => ({ type, value: v }));

const { argument } = fc.letrec<{ argument: Argument; table: Arguments }>((tie) => ({
  argument: fc.oneof(
    { maxDepth: 4 },
    of('longstr', fc.string()),
    of(
      'binary',
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    ),
    of('bool', fc.boolean()),
    of('byte', fc.integer({ min: -128, max: 127 })),
    of('unsignedbyte', fc.nat(255)),
    of('short', fc.integer({ min: -32768, max: 32767 })),
    of('unsignedshort', fc.nat(65535)),
    of('signedint', fc.integer()),
    of('unsignedint', fc.nat(0xffffffff)),
    of('long', fc.maxSafeInteger()),
    of('long', fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map(String)),
    of('float', fc.float({ noNaN: true, noDefaultInfinity: true })),
    of('double', fc.double({ noNaN: true, noDefaultInfinity: true })),
    of('double', fc.constantFrom('NaN', 'Infinity', '-Infinity')),
    of('float', fc.constantFrom('NaN', 'Infinity', '-Infinity')),
    of('decimal', fc.constantFrom('0', '1.25', '-0.05', '-7', '214748364.7')),
    of('timestamp', fc.maxSafeNat()),
    of('timestamp', fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }).map(String)),
    of('void', fc.constant(null)),
    of('array', fc.array(tie('argument') as fc.Arbitrary<Argument>)),
    of('table', tie('table') as fc.Arbitrary<Arguments>),
  ),
  table: fc
    .dictionary(fc.string({ maxLength: 60 }), tie('argument'))
    .map((table) => Object.assign(Object.create(null), table)),
}));

const encode = (table: Arguments) => {
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
  return Object.values(readTable(new Reader(Buffer.concat([size, field]))))[0];
};

test('a field table decodes to what was encoded', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 60 }), argument), (table) => {
      const r = new Reader(encode(table));
      assert.deepEqual({ ...readTable(r) }, { ...table });
      assert.equal(r.left, 0);
    }),
    { numRuns: 300 },
  );
});

test('a scan ends at the same offset as a read and rejects the same tables', () => {
  const outcome = (bytes: Buffer, step: (r: Reader) => void) => {
    const r = new Reader(bytes);
    try {
      step(r);
      return r.at;
    } catch (thrown) {
      assert.ok(thrown instanceof WaxwingError);
      return 'refused';
    }
  };
  const cut = fc.tuple(fc.dictionary(fc.string({ maxLength: 3 }), argument), fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(cut, ([table, at, value]) => {
      const bytes = encode(table);
      const found = () => outcome(bytes, scanTable);
      assert.equal(found(), bytes.length);
      bytes[at % bytes.length] = value; // damaged anywhere
      assert.equal(found(), outcome(bytes, readTable));
    }),
    { numRuns: 1000 },
  );
});

test('a scan detects CC and BCC among the field names, and no similar names', () => {
  const text = { type: 'longstr', value: 'CC' } as const;
  const isAddressed = (table: Arguments) => scanTable(new Reader(encode(table)));
  for (const name of ['CC', 'BCC']) assert.equal(isAddressed({ a: text, [name]: text }), true);
  for (const name of ['cc', 'C', 'CCC', 'ACC', 'BC', 'BCCC', '']) {
    assert.equal(isAddressed({ [name]: text }), false, name);
  }
  assert.equal(isAddressed({ a: { type: 'table', value: { CC: text } } }), false);
});

test("RabbitMQ's field type letters are supported", () => {
  const is = (bytes: string, type: ArgumentType, value: Argument['value']) =>
    assert.deepEqual(fieldA(bytes), { type, value });
  is('62 ff', 'byte', -1);
  is('42 ff', 'unsignedbyte', 255);
  is('73 fffe', 'short', -2);
  is('75 fffe', 'unsignedshort', 65534);
  is('49 fffffffd', 'signedint', -3);
  is('69 fffffffd', 'unsignedint', 4294967293);
  is('6c 0000000100000000', 'long', 4294967296);
  is('4c 7fffffffffffffff', 'long', '9223372036854775807');
  is('66 3fc00000', 'float', 1.5);
  is('64 3ff8000000000000', 'double', 1.5);
  is('44 02 0000007b', 'decimal', '1.23');
  is('53 00000002 6869', 'longstr', 'hi');
  is('78 00000002 0001', 'binary', 'AAE=');
  is('54 000000000000003c', 'timestamp', 60);
  is('56', 'void', null);
  is('74 01', 'bool', true);
  is('41 00000003 7401 56', 'array', [
    { type: 'bool', value: true },
    { type: 'void', value: null },
  ]);
});

test('a table that ends inside a value is a syntax error', () => {
  assert.throws(() => readTable(new Reader(hex('00000004 0161 49 00 000000'))), {
    code: 'syntax-error',
  });
});

test('an unknown type letter is named in the error', () => {
  assert.throws(() => fieldA('51 00'), { message: /0x51/ });
});

test('tables nested too deeply are rejected before the stack is exhausted', () => {
  let bytes = hex('00000000');
  for (let depth = 0; depth < 5000; depth++) {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(bytes.length + 3);
    bytes = Buffer.concat([size, hex('01 61 46'), bytes]);
  }
  assert.throws(() => readTable(new Reader(bytes)), { message: /nested deeper than 64/ });
});

test('a field named __proto__ is treated like any other field', () => {
  const table = readTable(new Reader(hex('0000000c 09 5f5f70726f746f5f5f 7401')));
  assert.deepEqual(Object.keys(table), ['__proto__']);
});

test('fields are counted, and CC and BCC are read without the other fields', () => {
  const CC = { type: 'array', value: [longString('a'), longString('b')] } as const;
  const table = { first: longString('CC'), CC, BC: longString('x'), XCC: CC, BCC: CC, bcc: CC };
  const w = new Writer(64);
  writeTable(w, table);
  const bytes = w.toBuffer();
  assert.equal(countFields(bytes, 0), 6);
  assert.deepEqual({ ...readAddressFields(bytes, 0) }, { CC, BCC: CC });
});

test('the first of two fields with the same name is used, as in RabbitMQ', () => {
  const table = readTable(new Reader(hex('00000008 0161 7401 0161 7400')));
  assert.deepEqual({ ...table }, { a: { type: 'bool', value: true } });
});
