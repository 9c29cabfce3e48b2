import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, openBroker, publishFrames } from '../../../tests/support/amqp-peer.ts';
import { encodeMessage, text } from '../../../tests/support/amqp10-rabbitmq.ts';
import { type MessageFormat, routedProperties } from '../../broker/format.ts';
import { rabbitMqFormat } from '../amqp10/rabbitmq/conversion/format.ts';
import type { BasicProperties } from './codec/basic-properties.ts';
import { amqp091Format } from './format.ts';

// Exchanges `x-consistent-hash` with the argument `hash-property`.

for (const [property, propertiesOf] of [
  ['message_id', (value: number) => ({ messageId: `m${value}` })],
  ['correlation_id', (value: number) => ({ correlationId: `c${value}` })],
  ['timestamp', (value: number) => ({ timestamp: value })],
] as readonly [string, (value: number) => BasicProperties][]) {
  test(`messages with an equal ${property} go to the same queue, whatever else they have`, async () => {
    const { broker } = await openBroker();
    const peer = await AmqpPeer.ready(broker);
    const vhost = broker.vhost('/');
    const args = { 'hash-property': { type: 'longstr', value: property } } as const;
    const options = { durable: true, autoDelete: false, internal: false, arguments: args };
    const exchange = vhost.declareExchange('h', 'x-consistent-hash', options);
    const queues = ['a', 'b'].map((name) => {
      const of = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
      const queue = vhost.declareQueue(name, of, {});
      vhost.bind(exchange, queue, '10', {});
      return queue;
    });
    const counts = () => queues.map(({ readyCount }) => readyCount);
    for (let value = 1; value <= 20; value++) {
      const before = counts();
      for (let n = 0; n < 3; n++) {
        const headers = { n: { type: 'signedint', value: n } } as const;
        const more = { headers, userId: 'guest', expiration: '60000', type: 't' };
        const sent = { ...propertiesOf(value), ...(n > 0 && more) };
        assert.deepEqual(peer.send(publishFrames(1, `key ${n}`, 'm', sent, 'h')), []);
      }
      const grown = counts().map((count, i) => count - (before[i] ?? 0));
      assert.deepEqual(grown.sort(), [0, 3], `${property} ${value}`);
    }
    assert.ok(
      counts().every((count) => count >= 9),
      String(counts()),
    );
    for (let n = 0; n < 3; n++) peer.send(publishFrames(1, `key ${n}`, 'none', {}, 'h'));
    assert.equal(
      queues.reduce((sum, { readyCount }) => sum + readyCount, 0),
      63,
    );
  });
}

const found = (format: MessageFormat, head: Buffer) =>
  routedProperties.map((name) => format.routedProperty?.(head, 0, head.length, name));

test('properties of AMQP 1.0 are hashed as their text', () => {
  const of = (properties: Parameters<typeof encodeMessage>[0]['properties'] & object) =>
    found(rabbitMqFormat, encodeMessage({ properties }));
  const uuid = '6f9619ff-8b86-d011-b42d-00cf4fc964ff';
  assert.deepEqual(of({ messageId: { type: 'ulong', value: 7n }, creationTime: 5999n }), [
    undefined,
    '7',
    '5',
  ]);
  assert.deepEqual(of({ messageId: text('m'), correlationId: { type: 'uuid', value: uuid } }), [
    uuid,
    'm',
    undefined,
  ]);
  assert.deepEqual(found(amqp091Format, Buffer.of(0, 0)), [undefined, undefined, undefined]);
});
