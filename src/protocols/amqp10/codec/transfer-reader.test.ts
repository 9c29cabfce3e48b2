import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decoder } from './decoder.ts';
import { readComposite } from './performatives.gen.ts';
import { receivedTransfer, TransferReader } from './transfer-reader.ts';

const usual: readonly (readonly [what: string, hex: string])[] = [
  ['all fields of a first transfer', '005314 c00e06 5201 5207 a00474616730 43 42 41 ffff'],
  [
    'long encodings',
    '005314 d00000001b00000005 7000000001 70fffffffe b0000000024142 7000000003 41',
  ],
  ['absent fields in the middle', '005314 c00701 5203 4040404040'],
  ['a transfer after the first', '005314 c00806 5200 4040404041 616263'],
  ['an aborted transfer', '005314 c00c0a 43 404040404040404041 00'],
];

const unusual: readonly (readonly [what: string, hex: string])[] = [
  ['another performative', '005315 c00601 41 43 40404040'],
  ['a long descriptor', '00800000000000000014 c00301 43 40404040'],
  ['no handle', '005314 c00301 40 4040404040'],
  ['a boolean of two bytes', '005314 c00a05 43 43 a00141 43 5601'],
  ['a state', '005314 c00f08 43 43 a00141 43 42 42 40 005324 45'],
  ['more fields than there are', '005314 c00e0c 434040404040404040404040'],
  ['a list beyond the frame', '005314 c0ff01 5201 40404040'],
  ['a field beyond the list', '005314 c00301 7000000001 40404040'],
  ['a tag beyond the list', '005314 c00803 43 43 a0ff414243'],
  ['a wrong type', '005314 c00301 5501 40404040'],
];

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

for (const [what, hex] of usual) {
  test(`a transfer is read as by the general decoder: ${what}`, () => {
    const bytes = bytesOf(hex);
    const reader = new TransferReader();
    const read = reader.read(bytes, 0, bytes.length);
    const decoder = new Decoder().reset(bytes, 0, bytes.length);
    const composite = readComposite(decoder);
    assert.ok(composite.code === 0x14);
    assert.deepEqual(read, receivedTransfer(composite));
    assert.equal(reader.at, decoder.at, 'where the payload begins');
  });
}

for (const [what, hex] of unusual) {
  test(`a transfer is left to the general decoder: ${what}`, () => {
    const bytes = bytesOf(hex);
    assert.equal(new TransferReader().read(bytes, 0, bytes.length), undefined);
  });
}
