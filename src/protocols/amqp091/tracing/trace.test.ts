import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import { readProperties } from '../codec/basic-properties.ts';
import { type Method, methodIds } from '../codec/methods.gen.ts';

/** A broker with a traced virtual host, a client, and one that consumes all events. */
async function traced() {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  const watcher = await AmqpPeer.ready(broker);
  watcher.declare('events');
  watcher.call(1, {
    id: methodIds.queueBind,
    queue: 'events',
    exchange: 'amq.rabbitmq.trace',
    routingKey: '#',
    noWait: true,
    arguments: {},
  });
  watcher.consume('events', { noAck: true });
  log.syncNow();
  watcher.take();
  watcher.bytes = [];
  const vhost = broker.vhost('/');
  const events = async () => {
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    log.syncNow();
    broker.pump();
    return watcher
      .take()
      .flatMap((each) =>
        typeof each !== 'string' && each.id === methodIds.basicDeliver ? [each.routingKey] : [],
      );
  };
  return { broker, log, peer, watcher, vhost, events };
}

test('published and delivered messages are traced with the headers of RabbitMQ, only while it is on', async () => {
  const { log, peer, watcher, vhost, events } = await traced();
  peer.send(publishFrames(1, 'q', 'untraced'));
  assert.deepEqual(await events(), []);
  vhost.isTracing = true;
  const headers = { n: { type: 'signedint', value: 1 } } as const;
  peer.send(publishFrames(1, 'q', 'body', { headers, priority: 3, messageId: 'm' }));
  assert.deepEqual(await events(), ['publish.']);
  const sent = Buffer.concat(watcher.bytes);
  const at = sent.indexOf(Buffer.from([0, 60, 0, 0, 0, 0, 0, 0]));
  const found = readProperties(sent, at + 12, at + sent.readUInt32BE(at - 4)).headers;
  const text = (value: string) => ({ type: 'longstr', value });
  assert.deepEqual(
    { ...found },
    {
      exchange_name: text(''),
      routing_keys: { type: 'array', value: [text('q')] },
      properties: {
        type: 'table',
        value: Object.assign(Object.create(null), {
          headers: { type: 'table', value: Object.assign(Object.create(null), headers) },
          priority: { type: 'signedint', value: 3 },
          message_id: text('m'),
        }),
      },
      node: text('rabbit@localhost'),
      vhost: text('/'),
      connection: text('127.0.0.1:1 -> 127.0.0.1:2'),
      channel: { type: 'signedint', value: 1 },
      user: text('guest'),
      routed_queues: { type: 'array', value: [text('q')] },
    },
  );
  assert.ok(sent.includes('body'));
  peer.consume('q', { noAck: true });
  assert.deepEqual(await events(), ['deliver.q', 'deliver.q']);
  peer.send(publishFrames(1, 'a.b', 'to an exchange', {}, 'amq.topic'));
  assert.deepEqual(await events(), ['publish.amq.topic']);
  vhost.isTracing = false;
  peer.send(publishFrames(1, 'q', 'untraced'));
  log.syncNow();
  assert.deepEqual(await events(), []);
});

test('a message that is got is traced, and events are not', async () => {
  const { peer, vhost, events } = await traced();
  vhost.isTracing = true;
  peer.send(publishFrames(1, 'q', 'body'));
  const get: Method = { id: methodIds.basicGet, queue: 'q', noAck: true };
  peer.send(methodFrame(1, get));
  assert.deepEqual((await events()).sort(), ['deliver.q', 'publish.']);
  assert.deepEqual(await events(), [], 'deliveries of events are not events');
});
