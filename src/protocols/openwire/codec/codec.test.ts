import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { randomStructure } from '../../../../tests/support/openwire-structures.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { Codec } from './codec.ts';
import {
  connectionInfo,
  type DataStructure,
  keepAliveInfo,
  plainResponse,
  textMessage,
  types,
} from './commands.gen.ts';
import { decodeModified, encodeModified } from './modified-utf8.ts';
import type { WireFormat } from './wire-format.ts';

const format: WireFormat = {
  version: 12,
  isTight: true,
  cacheSize: 0,
  inactivityMs: 0,
  inactivityDelayMs: 0,
};
const tight = () => new Codec(format);
const loose = () => new Codec({ ...format, isTight: false });

function encode(codec: Codec, structure: DataStructure): Buffer {
  const pieces: Buffer[] = [];
  codec.encode(structure, {
    append: (from, start, end) => pieces.push(Buffer.from(from.subarray(start, end))),
  });
  return Buffer.concat(pieces);
}

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');

/** The bytes of the structure are these, and the structure of these bytes is that. */
function requireVector(codec: () => Codec, structure: DataStructure, hex: string): void {
  const bytes = bytesOf(hex);
  assert.equal(encode(codec(), structure).toString('hex'), bytes.toString('hex'));
  assert.deepEqual(codec().decode(bytes, 4, bytes.length), structure);
}

test('simple commands encode to the reference bytes', () => {
  const keepAlive = keepAliveInfo({ commandId: 1, responseRequired: true });
  requireVector(loose, keepAlive, '00000006 0a 00000001 01');
  requireVector(tight, keepAlive, '00000007 0a 01 01 00000001');
  const response = plainResponse({ correlationId: 7 });
  requireVector(loose, response, '0000000a 1e 00000000 00 00000007');
  requireVector(tight, response, '0000000b 1e 01 00 00000000 00000007');
});

test('a ConnectionInfo encodes to the reference bytes in both encodings', () => {
  const info = connectionInfo({
    commandId: 1,
    responseRequired: true,
    connectionId: { type: types.ConnectionId, value: 'ID:a' },
    clientId: 'c',
    password: 'p',
    userName: 'u',
    manageable: true,
    clientMaster: true,
  });
  // In the order of the fields, the password is before the user name.
  requireVector(tight, info, '00000019 03 03 ff3300 00000001 78 000449443a61 000163 000170 000175');
  requireVector(
    loose,
    info,
    '00000022 03 00000001 01 01 78 01000449443a61 01000163 01000170 01000175 00 00 01 01 00 00 00',
  );
});

test('cached messages encode to the reference bytes', () => {
  const producerId = {
    type: types.ProducerId,
    connectionId: 'ID:a',
    value: 1,
    sessionId: 1,
  } as const;
  const message = (commandId: number, producerSequenceId: number) =>
    textMessage({
      commandId,
      responseRequired: true,
      producerId,
      destination: { type: types.QueueDestination, physicalName: 'Q' },
      messageId: {
        type: types.MessageId,
        textView: undefined,
        producerId,
        producerSequenceId,
        brokerSequenceId: 0,
      },
      persistent: true,
      priority: 4,
      timestamp: 1_700_000_000_000,
      content: bytesOf('000000026869'),
    });
  const frames = [
    '00000048 1c 07 5f3f11c4020000 00000005 0000 7b000449443a6100010001 0001 64000151 0002 0002 6e 0000 0001 0002 00000000 04 0000018bcfe56800 00000006 000000026869 0002 00000000',
    '00000037 1c 05 2182580000 00000006 0000 0001 0002 0002 6e 0000 0002 0002 00000000 04 0000018bcfe56800 00000006 000000026869 0002 00000000',
  ].map(bytesOf);
  const cached = () => new Codec({ ...format, cacheSize: 1024 });
  const [sender, receiver] = [cached(), cached()];
  for (const [at, frame] of frames.entries()) {
    const structure = message(5 + at, 1 + at);
    assert.equal(encode(sender, structure).toString('hex'), frame.toString('hex'));
    assert.deepEqual(receiver.decode(frame, 4, frame.length), structure);
  }
});

test('every structure survives a round trip in every version and encoding', () => {
  const random = new SeededRandom(1);
  for (let version = 1; version <= 12; version++) {
    for (const isTight of [true, false]) {
      for (const cacheSize of [0, 3, 1024]) {
        const of = { ...format, version, isTight, cacheSize };
        const [sender, receiver, again] = [new Codec(of), new Codec(of), new Codec(of)];
        for (let left = 60; left > 0; left--) {
          const bytes = encode(sender, randomStructure(random));
          const found = receiver.decode(bytes, 4, bytes.length);
          assert.ok(found !== undefined);
          assert.equal(encode(again, found).toString('hex'), bytes.toString('hex'));
        }
      }
    }
  }
});

test('text survives a round trip, including null characters and lone surrogates', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 0xffff }),
      (text, unit) => {
        const all = `${text}\0${String.fromCharCode(unit)}${text}`;
        const bytes = encodeModified(all);
        assert.ok(!bytes.includes(0));
        assert.equal(decodeModified(bytes, 0, bytes.length), all);
        assert.equal(decodeModified(Buffer.from(text), 0, Buffer.byteLength(text)), text);
      },
    ),
  );
});

test('a cache rejects undefined indexes and more data than its limit', () => {
  const codec = new Codec({ ...format, isTight: false, cacheSize: 4 });
  const refused = { code: 'malformed' };
  const unknown = bytesOf('00000000 04 00000001 00 00 0003');
  assert.throws(() => codec.decode(unknown, 4, unknown.length), refused);
  const beyond = bytesOf('00000000 04 00000001 00 01 0004 00');
  assert.throws(() => codec.decode(beyond, 4, beyond.length), refused);
  const sender = new Codec({ ...format, isTight: false, cacheSize: 1024 });
  const receiver = new Codec({ ...format, isTight: false, cacheSize: 1024 });
  assert.throws(() => {
    for (let i = 0; i < 100; i++) {
      const value = String(i).padEnd(30_000, '.');
      const info = connectionInfo({ connectionId: { type: types.ConnectionId, value } });
      const bytes = encode(sender, info);
      receiver.decode(bytes, 4, bytes.length);
    }
  }, refused);
});
