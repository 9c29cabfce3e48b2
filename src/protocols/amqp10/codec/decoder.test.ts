import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpError } from '../errors.ts';
import { Decoder } from './decoder.ts';
import { Encoder } from './encoder.ts';
import type { Item } from './items.ts';
import {
  type Composite,
  compositeCodes,
  readComposite,
  writeComposite,
} from './performatives.gen.ts';

const d = new Decoder();

function decode(hex: string): unknown {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const item = d.reset(bytes, 0, bytes.length).item();
  assert.equal(d.at, bytes.length);
  d.reset(bytes, 0, bytes.length).skip();
  assert.equal(d.at, bytes.length, 'skipping ends at the same place');
  return plain(item);
}

function plain(item: Item): unknown {
  const { type, value } = item;
  if (type === 'described') return { [`described ${item.descriptor.value}`]: plain(item.value) };
  if (type === 'list' || type === 'array') return { [type]: item.value.map(plain) };
  if (type === 'map') return { map: item.value.map(([key, each]) => [plain(key), plain(each)]) };
  return `${type} ${Buffer.isBuffer(value) ? value.toString('hex') : value}`;
}

function refused(hex: string, why: RegExp): void {
  const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  for (const act of [() => d.item(), () => d.skip()]) {
    d.reset(bytes, 0, bytes.length);
    assert.throws(act, (error) => {
      assert.ok(error instanceof AmqpError);
      assert.equal(error.condition, 'amqp:decode-error');
      assert.match(error.message, why);
      return true;
    });
  }
}

test('every encoding of every type can be decoded', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['40', 'null null'],
    ['41', 'boolean true'],
    ['42', 'boolean false'],
    ['56 01', 'boolean true'],
    ['50 ff', 'ubyte 255'],
    ['51 ff', 'byte -1'],
    ['60 ffff', 'ushort 65535'],
    ['61 ffff', 'short -1'],
    ['43', 'uint 0'],
    ['52 80', 'uint 128'],
    ['70 ffffffff', 'uint 4294967295'],
    ['54 80', 'int -128'],
    ['71 80000000', 'int -2147483648'],
    ['44', 'ulong 0'],
    ['53 80', 'ulong 128'],
    ['80 ffffffffffffffff', 'ulong 18446744073709551615'],
    ['55 80', 'long -128'],
    ['81 8000000000000000', 'long -9223372036854775808'],
    ['72 3fc00000', 'float 1.5'],
    ['82 3ff8000000000000', 'double 1.5'],
    ['73 0001f600', 'char 😀'],
    ['83 0000018bcfe56800', 'timestamp 1700000000000'],
    ['98 0123456789abcdef0123456789abcdef', 'uuid 01234567-89ab-cdef-0123-456789abcdef'],
    ['a0 02 0102', 'binary 0102'],
    ['b0 00000001 ff', 'binary ff'],
    ['a1 02 c3a4', 'string ä'],
    ['b1 00000001 61', 'string a'],
    ['a3 01 61', 'symbol a'],
    ['b3 00000001 61', 'symbol a'],
    ['74 3200007d', 'decimal 12.5'],
    ['74 78000000', 'decimal Infinity'],
    ['84 31c000000000007d', 'decimal 125'],
    ['94 3040000000000000000000000000007d', 'decimal 125'],
    ['45', { list: [] }],
    ['c0 03 02 41 43', { list: ['boolean true', 'uint 0'] }],
    ['d0 00000005 00000001 45', { list: [{ list: [] }] }],
    ['c1 05 02 a1 01 61 43', { map: [['string a', 'uint 0']] }],
    ['d1 00000004 00000000', { map: [] }],
    ['e0 04 02 50 01 02', { array: ['ubyte 1', 'ubyte 2'] }],
    ['f0 0000000a 00000002 a3 01 61 02 6263', { array: ['symbol a', 'symbol bc'] }],
    ['f0 00000005 00000000 40', { array: [] }],
    ['e0 01 00', { array: [] }],
    ['00 53 24 45', { 'described 36': { list: [] } }],
    ['e0 06 01 00 53 77 52 05', { array: [{ 'described 119': 'uint 5' }] }],
  ];
  for (const [hex, expected] of rows) assert.deepEqual(decode(hex), expected, hex);
});

test('truncated, too deep, too many and untyped values are rejected', () => {
  refused('', /cut off/);
  refused('a1 05 61', /5 bytes is cut off after 1/);
  refused('b0 ffffffff 61', /4294967295 bytes is cut off/);
  refused('c0 10 01 43', /cut off/);
  refused('d0 00000005 ffffffff 43', /cut off/);
  refused('c0 04 01 43 43 43', /2 bytes follow the last element/);
  refused('c1 02 01 43', /odd number/);
  refused('57', /not a format code/);
  refused('3f', /not a format code/);
  refused('e0 03 01 00 00', /descriptor|described twice|cut off/);
  const levels = 40;
  let nested = Buffer.of(0x45);
  for (let n = 0; n < levels; n++) {
    const head = Buffer.alloc(9);
    head[0] = 0xd0;
    head.writeUInt32BE(nested.length + 4, 1);
    head.writeUInt32BE(1, 5);
    nested = Buffer.concat([head, nested]);
  }
  refused(nested.toString('hex'), /more than 32 levels/);
  refused(`${'00 5377 '.repeat(40)}40`, /more than 32 levels/);
  // Elements without bytes: a small array that would become an object of any size.
  refused('f0 00000005 7fffffff 40', /more than 65536 values/);
  refused('f0 00000005 7fffffff 45', /more than 65536 values/);
});

test('trailing null fields of a composite are omitted and read as undefined', () => {
  const w = new Encoder();
  const open: Composite = { code: compositeCodes.open, containerId: 'c', channelMax: 5 };
  writeComposite(w, open);
  assert.equal(w.toBuffer().toString('hex'), '005310d00000000c00000004a101634040600005');
  const bytes = w.toBuffer();
  const read = readComposite(d.reset(bytes, 0, bytes.length));
  assert.ok(read.code === compositeCodes.open);
  assert.deepEqual(
    [read.containerId, read.hostname, read.channelMax, read.properties],
    ['c', undefined, 5, undefined],
  );
  writeComposite(w.restart(), { code: compositeCodes.accepted });
  assert.equal(w.toBuffer().toString('hex'), '00532445');
});

test('descriptors can be symbols or wide numbers, and mandatory fields are required', () => {
  const read = (hex: string) => {
    const bytes = Buffer.from(hex, 'hex');
    return readComposite(d.reset(bytes, 0, bytes.length));
  };
  const name = Buffer.from('amqp:accepted:list');
  assert.equal(read(`00a3${name.length.toString(16)}${name.toString('hex')}45`).code, 0x24);
  assert.equal(read('0080000000000000002445').code, 0x24);
  assert.throws(() => read('0080000001000000002445'), /unknown descriptor/);
  assert.throws(() => read('00539945'), /unknown descriptor/);
  assert.throws(() => read('00531045'), /mandatory field open.container-id is missing/);
  assert.throws(() => read('40'), /is null/);
  assert.throws(() => read('005310c0020141'), /not of type string/);
});

test('an encoded value decodes to the original value', () => {
  const all: Item = {
    type: 'list',
    value: [
      { type: 'null', value: null },
      { type: 'array', value: [1, 2, 300].map((value) => ({ type: 'uint', value }) as const) },
      {
        type: 'array',
        value: ['', 'x'.repeat(300)].map((value) => ({ type: 'symbol', value }) as const),
      },
      { type: 'array', value: [] },
      {
        type: 'map',
        value: [
          [
            { type: 'ulong', value: 5n },
            { type: 'null', value: null },
          ],
        ],
      },
      {
        type: 'described',
        descriptor: { type: 'symbol', value: 'd' },
        value: { type: 'list', value: [{ type: 'null', value: null }] },
      },
      { type: 'decimal', value: '-1.25' },
      { type: 'char', value: 'ä' },
      { type: 'string', value: 'x'.repeat(70_000) },
      { type: 'binary', value: Buffer.alloc(300, 1) },
      { type: 'null', value: null },
    ],
  };
  const w = new Encoder();
  w.item(all);
  const bytes = w.toBuffer();
  assert.deepEqual(d.reset(bytes, 0, bytes.length).item(), all);
});

test('a value that cannot be decoded cannot be skipped either', () => {
  refused('73 00110000', /is not a character/);
  refused('56 02', /boolean/);
  for (const descriptor of ['a1 01 61', '52 01', '40', '00 53 01 53 01']) {
    refused(`00 ${descriptor} 40`, /a descriptor is/);
    refused(`c0 08 01 00 ${descriptor} 40`, /.*/);
  }
});
