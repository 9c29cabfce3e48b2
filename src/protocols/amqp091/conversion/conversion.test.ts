import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lineFormat } from '../../../../tests/contract/line-format.ts';
import { viewOf } from '../../../../tests/contract/messages.ts';
import { AmqpPeer } from '../../../../tests/support/amqp-peer.ts';
import { MemoryLog } from '../../../../tests/support/memory-log.ts';
import { Writer } from '../../../base/bytes.ts';
import { Broker } from '../../../broker/broker.ts';
import { emptyProperties, type Properties } from '../../../broker/conversion/properties.ts';
import { textValue, type Value } from '../../../broker/conversion/value.ts';
import { Publication } from '../../../broker/publication.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../codec/basic-properties.ts';
import { amqp091Format } from '../format.ts';

const long = (value: number) => ({ type: 'long', value }) as const;
const text = (value: string) => ({ type: 'longstr', value }) as const;

function encode(properties: BasicProperties): Buffer {
  const w = new Writer(64);
  writeProperties(w, properties);
  return w.toBuffer();
}

function toNeutral(properties: BasicProperties, body = ''): Properties {
  const encoded = { head: encode(properties), body: Buffer.from(body) };
  return amqp091Format.toProperties(viewOf(encoded, 1));
}

function fromNeutral(properties: Partial<Properties>, bytesMax = 100_000) {
  const { head, body } = amqp091Format.fromProperties(
    { ...emptyProperties, body: { kind: 'bytes', bytes: Buffer.alloc(0) }, ...properties },
    bytesMax,
  );
  const basic = readProperties(head);
  return { ...basic, headers: { ...basic.headers }, body: body.toString() };
}

const short = fc.string({ maxLength: 40 });
const argument = fc.oneof(
  short.map(text),
  fc.integer({ min: -128, max: 127 }).map((value) => ({ type: 'byte', value }) as const),
  fc.nat(255).map((value) => ({ type: 'unsignedbyte', value }) as const),
  fc.nat(65_535).map((value) => ({ type: 'unsignedshort', value }) as const),
  fc.integer().map((value) => ({ type: 'signedint', value }) as const),
  fc.maxSafeInteger().map(long),
  fc
    .constantFrom('9223372036854775807', '-9223372036854775808')
    .map((value) => ({ type: 'long', value }) as const),
  fc.maxSafeNat().map((value) => ({ type: 'timestamp', value }) as const),
  fc.constantFrom('-0.05', '1.25', '7').map((value) => ({ type: 'decimal', value }) as const),
  fc.constantFrom(1.5, 'NaN', '-Infinity').map((value) => ({ type: 'double', value }) as const),
  fc.boolean().map((value) => ({ type: 'bool', value }) as const),
  fc.base64String().map((value) => ({ type: 'binary', value }) as const),
  fc.constant({ type: 'void', value: null } as const),
  fc.array(short.map(text), { maxLength: 3 }).map((value) => ({ type: 'array', value }) as const),
  fc
    .dictionary(short, short.map(text), { maxKeys: 3, noNullPrototype: true })
    .map((value) => ({ type: 'table', value }) as const),
);
const native = fc.record(
  {
    contentType: short,
    contentEncoding: short,
    headers: fc.dictionary(
      short.filter((name) => !/^x-|^\d+$/.test(name)),
      argument,
      {
        maxKeys: 5,
        minKeys: 1,
        noNullPrototype: true,
      },
    ),
    priority: fc.nat(255),
    correlationId: short,
    replyTo: short,
    expiration: fc.nat().map(String),
    messageId: short,
    timestamp: fc.oneof(fc.maxSafeNat(), fc.constant(2n ** 64n - 1n)),
    type: short,
    userId: short,
    appId: short,
    clusterId: short,
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('an AMQP 0-9-1 message survives the conversion to neutral properties and back', () => {
  fc.assert(
    fc.property(native, fc.constantFrom(1, 2), (properties, deliveryMode) => {
      const sent = { ...properties, deliveryMode } as BasicProperties; // of those properties
      const neutral = toNeutral(sent, 'body');
      const { head, body } = amqp091Format.fromProperties(neutral, 1_000_000);
      const sorted = (all: BasicProperties) =>
        JSON.stringify(Object.entries(all).sort(byName), bigText);
      assert.equal(sorted(readProperties(head)), sorted(readProperties(encode(sent))));
      assert.equal(body.toString(), 'body');
    }),
  );
});

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
const bigText = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);

test('properties that class basic lacks are stored in headers and read back from them', () => {
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  const given: Partial<Properties> = {
    createdAtMs: 1_700_000_000_123n,
    messageId: { type: 'uuid', value: uuid },
    correlationId: textValue('c'.repeat(300)),
    replyTo: { kind: 'topic', name: 'answers' },
    to: { kind: 'queue', name: 'orders' },
    groupId: 'g',
    groupSequence: 3,
    isRetained: true,
    body: { kind: 'text', text: 'grüße' },
  };
  const written = fromNeutral(given);
  assert.deepEqual(written, {
    headers: {
      'x-message-id-type': text('uuid'),
      'x-correlation-id': text('c'.repeat(300)),
      'x-reply-to-topic': text('answers'),
      'x-to': text('queue://orders'),
      'x-group-id': text('g'),
      'x-group-sequence': long(3),
      timestamp_in_ms: long(1_700_000_000_123),
      'x-retain': { type: 'bool', value: true },
      'x-body': text('text'),
    },
    deliveryMode: 1,
    messageId: uuid,
    timestamp: 1_700_000_000,
    body: 'grüße',
  });
  const { body, ...basic } = written;
  const back = toNeutral(basic, body);
  assert.deepEqual({ ...back }, { ...emptyProperties, ...given });
});

test('values of unsupported types are converted to the nearest field table type', () => {
  const cases: readonly (readonly [Value, unknown])[] = [
    [{ type: 'ulong', value: 5n }, long(5)],
    [{ type: 'ulong', value: 2n ** 64n - 1n }, text('18446744073709551615')],
    [{ type: 'char', value: 'é' }, text('é')],
    [{ type: 'symbol', value: 's' }, text('s')],
    [
      { type: 'timestamp', value: 1999n },
      { type: 'timestamp', value: 1 },
    ],
    [{ type: 'timestamp', value: -1n }, long(-1)],
    [{ type: 'decimal', value: '12345678901.5' }, text('12345678901.5')],
  ];
  for (const [value, expected] of cases) {
    assert.deepEqual(fromNeutral({ headers: [['h', value]] }).headers, { h: expected });
  }
  const map: Value = {
    type: 'map',
    value: [
      ['a', { type: 'int', value: 1 }],
      ['b', { type: 'binary', value: Buffer.from([255]) }],
    ],
  };
  const { body, contentType } = fromNeutral({ body: { kind: 'value', value: map } });
  assert.deepEqual([body, contentType], ['{"a":1,"b":"/w=="}', 'application/json']);
});

test('overlong values are left out, and the first of two headers with the same name is used', () => {
  const headers = [
    ['a', textValue('1')],
    ['a', textValue('2')],
    ['n'.repeat(256), textValue('3')],
  ] as const;
  const written = fromNeutral({ contentType: 'c'.repeat(256), userId: 'u', headers });
  assert.deepEqual(written, {
    deliveryMode: 1,
    userId: 'u',
    headers: { a: text('1') },
    body: '',
  });
  const many = Array.from(
    { length: 100 },
    (_, i) => [`h${i}`, textValue('v'.repeat(100))] as const,
  );
  const names = Object.keys(fromNeutral({ headers: many }, 4096).headers);
  assert.ok(names.length > 10 && names.length < 50, `${names.length} headers`);
  assert.deepEqual(
    names,
    many.slice(0, names.length).map(([name]) => name),
  );
});

async function withLineMessage(head: Properties) {
  const log = new MemoryLog();
  const broker = await Broker.open({
    openLog: async (store) => store.attach(log),
    formats: [amqp091Format, lineFormat],
    users: [{ username: 'guest', passwordHash: 'guest' }],
    verifyPassword: async (password, hash) => password === hash,
    memoryBytes: () => 0,
  });
  log.onDurable = (group) => broker.onDurable(group);
  const peer = await AmqpPeer.ready(broker);
  const encoded = lineFormat.fromProperties(head, 1_000_000);
  const publication = new Publication();
  publication.exchange = broker.vhost('/').exchange('');
  publication.routingKey = 'q';
  publication.address = Buffer.from('\0\x01q');
  publication.addressEnd = 3;
  publication.format = 4;
  publication.head = encoded.head;
  publication.headEnd = encoded.head.length;
  publication.addPart(encoded.body, 0, encoded.body.length);
  broker.publish(broker.vhost('/'), publication);
  return { broker, peer };
}

/** The header frame's properties among what a peer was sent. */
function sentProperties(peer: AmqpPeer): BasicProperties {
  const sent = Buffer.concat(peer.bytes.splice(0));
  for (let at = 0; at < sent.length; at += 8 + sent.readUInt32BE(at + 3)) {
    if (sent[at] === 2) return readProperties(sent, at + 19, at + 7 + sent.readUInt32BE(at + 3));
  }
  assert.fail('no header frame was sent');
}

for (const how of ['consume', 'get'] as const) {
  test(`a message of another protocol is converted for basic.${how}`, async () => {
    const { peer } = await withLineMessage({
      ...emptyProperties,
      priority: 7,
      messageId: textValue('id-1'),
      contentType: 'text/plain',
      headers: [['colour', textValue('blue')]],
      body: { kind: 'text', text: 'hello' },
    });
    peer.bytes.length = 0;
    const received =
      how === 'consume'
        ? peer.consume('q', { noAck: true })
        : peer.call(1, { id: 0x003c0046, queue: 'q', noAck: true });
    assert.ok(received.includes('hello'));
    const { headers, ...basic } = sentProperties(peer);
    assert.deepEqual({ ...headers }, { colour: text('blue'), 'x-body': text('text') });
    const expected = { contentType: 'text/plain', deliveryMode: 1, priority: 7, messageId: 'id-1' };
    assert.deepEqual({ ...basic }, expected);
  });
}

test('a converted content header fits into one frame for any sender headers', async () => {
  const headers = Array.from(
    { length: 4000 },
    (_, i) => [`h${i}`, textValue('v'.repeat(60))] as const,
  );
  const { peer } = await withLineMessage({
    ...emptyProperties,
    headers,
    body: { kind: 'text', text: 'x' },
  });
  peer.bytes.length = 0;
  assert.ok(peer.consume('q', { noAck: true }).includes('x'));
  assert.ok(Object.keys(sentProperties(peer).headers ?? {}).length > 100);
  assert.equal(peer.isClosed, false);
});
