import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyProperties, type Properties } from '../../../../broker/conversion/properties.ts';
import { textValue } from '../../../../broker/conversion/value.ts';
import { writeHead } from '../../codec/head.ts';
import { PropertyWriter, propertyIds } from '../../codec/properties.ts';
import { readVisible } from '../../codec/stored-properties.ts';
import { rabbitMqMqttFormat } from '../format.ts';

// The rules by which RabbitMQ converts messages between MQTT and AMQP.

/** Encodes a message of an MQTT client. */
function encoded(writer: PropertyWriter, qos = 1, ttlMs = -1) {
  const visible = writer.bytes();
  const head = writeHead({ qos, isRetained: true, isNative: true, ttlMs, visible });
  const body = Buffer.from('body');
  const buffer = Buffer.concat([head, body]);
  const at = { headAt: 0, headLength: head.length, bodyAt: head.length, bodyLength: body.length };
  return { buffer, ...at };
}

const toProperties = (writer: PropertyWriter, qos?: number, ttlMs?: number) =>
  rabbitMqMqttFormat.toProperties(encoded(writer, qos, ttlMs));

/** What an MQTT client is sent of a message of another protocol. */
function sentOf(properties: Partial<Properties>, headBytesMax = 1000) {
  const all = { ...emptyProperties, ...properties };
  const { head, body } = rabbitMqMqttFormat.fromProperties(all, headBytesMax);
  return { qos: (head[0] ?? 0) & 3, body: body.toString(), ...readVisible(head, 1, head.length) };
}

test('properties of MQTT become those of AMQP', () => {
  const writer = new PropertyWriter()
    .byte(propertyIds.payloadFormat, 1)
    .text(propertyIds.contentType, 'text/plain')
    .text(propertyIds.responseTopic, 'reply/to')
    .binary(propertyIds.correlationData, Buffer.from('id'))
    .pair('a', '1')
    .pair('x-b', '2');
  const { isDurable, ttlMs, replyTo, correlationId, contentType, headers, body, isRetained } =
    toProperties(writer, 1, 5000);
  assert.deepEqual([isDurable, ttlMs, contentType, isRetained], [true, 5000, 'text/plain', false]);
  assert.deepEqual(replyTo, { kind: 'topic', name: 'reply.to' });
  assert.deepEqual(correlationId, textValue('id'));
  assert.deepEqual(headers, [
    ['a', textValue('1')],
    ['x-b', textValue('2')],
  ]);
  assert.deepEqual(body, { kind: 'bytes', bytes: Buffer.from('body') });
  assert.equal(toProperties(new PropertyWriter(), 0).isDurable, false);
});

test('correlation data that is not text stays bytes, and other content types are left out', () => {
  const data = Buffer.of(0xff, 0);
  const writer = new PropertyWriter()
    .binary(propertyIds.correlationData, data)
    .text(propertyIds.contentType, 'é');
  const { correlationId, contentType } = toProperties(writer);
  assert.deepEqual(correlationId, { type: 'binary', value: data });
  assert.equal(contentType, undefined);
});

test('properties of AMQP become those of MQTT', () => {
  const found = sentOf({
    isDurable: true,
    contentType: 'a/b',
    correlationId: textValue('id'),
    replyTo: { kind: 'topic', name: 'reply.to' },
    annotations: [['x-a', textValue('1')]],
    headers: [
      ['number', { type: 'int', value: 5 }],
      ['long', { type: 'long', value: 2n ** 60n }],
      ['yes', { type: 'boolean', value: true }],
      ['none', { type: 'null', value: null }],
      ['bytes', { type: 'binary', value: Buffer.from('x') }],
      ['list', { type: 'list', value: [] }],
      ['zero\0', textValue('x')],
    ],
    body: { kind: 'bytes', bytes: Buffer.from('body') },
  });
  assert.deepEqual(found, {
    qos: 1,
    body: 'body',
    payloadFormat: undefined,
    contentType: 'a/b',
    responseTopic: 'reply/to',
    correlationData: Buffer.from('id'),
    pairs: [
      ['x-a', '1'],
      ['number', '5'],
      ['long', String(2n ** 60n)],
      ['yes', 'true'],
      ['none', ''],
    ],
  });
  assert.equal(sentOf({}).qos, 0);
});

test('addresses of AMQP 1.0 are response topics if they name the topic exchange', () => {
  const topicOf = (name: string) => sentOf({ replyTo: { kind: 'queue', name } }).responseTopic;
  assert.equal(topicOf('/exchanges/amq.topic/a.b%2Fc'), 'a/b/c');
  assert.equal(topicOf('/exchanges/amq.topic/%ff'), undefined);
  assert.equal(topicOf('/exchanges/amq.topic/a.*'), 'a/*');
  assert.equal(topicOf('/exchanges/amq.topic/a.%23'), undefined);
  assert.equal(topicOf('/exchanges/amq.topic/a%01'), undefined);
  assert.equal(topicOf('/exchanges/other/a'), undefined);
  assert.equal(topicOf('q'), undefined);
});

test('headers that do not fit are left out', () => {
  const headers = [
    ['a', textValue('x'.repeat(50))],
    ['b', textValue('x'.repeat(50))],
  ] as const;
  assert.equal(sentOf({ headers }, 100).pairs.length, 1);
  assert.deepEqual(sentOf({ headers, contentType: 'c'.repeat(200) }, 100).contentType, undefined);
});

test('deaths are headers for AMQP, and not sent to MQTT clients', () => {
  const { buffer, headLength } = encoded(new PropertyWriter().pair('own', 'x'), 1, 1000);
  const death = {
    type: 'table',
    value: {
      queue: { type: 'longstr', value: 'q' },
      count: { type: 'long', value: 1 },
      time: { type: 'timestamp', value: 5 },
      'routing-keys': { type: 'array', value: [{ type: 'longstr', value: 'k' }] },
    },
  } as const;
  const changes = { 'x-death': { type: 'array', value: [death] } } as const;
  const head = rabbitMqMqttFormat.deadLetterHead(buffer, 0, headLength, changes);
  assert.deepEqual(rabbitMqMqttFormat.headers(head, 0, head.length), {
    own: { type: 'longstr', value: 'x' },
    ...changes,
  });
  assert.equal(rabbitMqMqttFormat.expiration(head, 0, head.length), undefined);
  const at = { headAt: 0, headLength: head.length, bodyAt: head.length, bodyLength: 0 };
  const { headers } = rabbitMqMqttFormat.toProperties({ buffer: head, ...at });
  assert.deepEqual(headers, [
    ['own', textValue('x')],
    [
      'x-death',
      {
        type: 'list',
        value: [
          {
            type: 'map',
            value: [
              ['queue', textValue('q')],
              ['count', { type: 'long', value: 1n }],
              ['time', { type: 'timestamp', value: 5000n }],
              ['routing-keys', { type: 'list', value: [textValue('k')] }],
            ],
          },
        ],
      },
    ],
  ]);
});
