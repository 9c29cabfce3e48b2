import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeMessage,
  type MessageParts,
  RabbitMqBroker,
  readMessage,
  symbol,
  text,
} from '../../../../../tests/support/amqp10-rabbitmq.ts';
import { Writer } from '../../../../base/bytes.ts';
import type { EncodedMessage } from '../../../../broker/conversion/properties.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../../../amqp091/codec/basic-properties.ts';
import { amqp091Format } from '../../../amqp091/format.ts';
import type { Item } from '../../codec/items.ts';
import { SectionScan } from '../../messages/sections.ts';
import { rabbitMqFormat } from './format.ts';

/** A message as the broker stores it. */
function encoded(head: Buffer, body: Buffer): EncodedMessage {
  const buffer = Buffer.concat([head, body]);
  return {
    buffer,
    headAt: 0,
    headLength: head.length,
    bodyAt: head.length,
    bodyLength: body.length,
  };
}

/** An AMQP 1.0 message as AMQP 0-9-1 has it. */
function toOld(parts: MessageParts): { basic: BasicProperties; body: Buffer } {
  const payload = encodeMessage(parts);
  const scan = new SectionScan();
  let bodyAt = 0;
  while (bodyAt < payload.length) {
    scan.read(payload, bodyAt, payload.length);
    if (scan.code >= 0x75) break;
    bodyAt = scan.end;
  }
  const message = encoded(payload.subarray(0, bodyAt), payload.subarray(bodyAt));
  const { head, body } = amqp091Format.fromProperties(
    rabbitMqFormat.toProperties(message),
    100_000,
  );
  return { basic: readProperties(head, 0, head.length), body };
}

/** An AMQP 0-9-1 message as AMQP 1.0 has it. */
function toNew(basic: BasicProperties, body: string): Record<string, unknown> {
  const w = new Writer(256);
  writeProperties(w, basic);
  const message = encoded(w.toBuffer(), Buffer.from(body));
  const { head, body: sections } = rabbitMqFormat.fromProperties(
    amqp091Format.toProperties(message),
    100_000,
  );
  return readMessage(Buffer.concat([head, sections]));
}

const long = (value: number) => ({ type: 'long', value }) as const;
const longstr = (value: string) => ({ type: 'longstr', value }) as const;

test('an AMQP 0-9-1 message has the sections that RabbitMQ gives it', () => {
  const found = toNew(
    {
      contentType: 'text/plain',
      contentEncoding: 'gzip',
      deliveryMode: 2,
      priority: 5,
      correlationId: 'c1',
      replyTo: 'answers/1',
      expiration: '5000',
      messageId: 'urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff',
      timestamp: 1_700_000_000n,
      type: 'order',
      userId: 'bob',
      appId: 'shop',
      headers: {
        n: long(1),
        s: longstr('text'),
        list: { type: 'array', value: [long(1)] },
        'x-own': longstr('kept'),
        CC: { type: 'array', value: [longstr('k2')] },
      },
    },
    'body',
  );
  assert.deepEqual(found['header'], [true, 5, 5000]);
  const properties = found['properties'] as unknown[];
  assert.equal(properties[0], '6f9619ff-8b86-d011-b42d-00cf4fc964ff');
  assert.equal(properties[1], `0x${Buffer.from('bob').toString('hex')}`);
  assert.equal(properties[4], '/queues/answers%2F1');
  assert.deepEqual(properties.slice(5, 8), ['c1', 'text/plain', 'gzip']);
  assert.deepEqual(properties.slice(9, 11), [1_700_000_000_000n, 'shop']);
  assert.deepEqual(found['applicationProperties'], { n: 1n, s: 'text' });
  assert.deepEqual(found['annotations'], {
    'x-own': 'kept',
    'x-cc': ['k2'],
    'x-basic-type': 'order',
  });
  assert.equal(found['data'], `0x${Buffer.from('body').toString('hex')}`);
});

test('an AMQP 1.0 message has the properties that RabbitMQ gives it', () => {
  const { basic, body } = toOld({
    header: { durable: true, priority: 3, ttl: 7000 },
    annotations: [
      [symbol('x-own'), text('kept')],
      [symbol('other'), text('dropped')],
      [symbol('x-routing-key'), text('internal')],
      [symbol('x-basic-type'), text('order')],
      [symbol('x-cc'), { type: 'list', value: [text('k2')] }],
    ],
    properties: {
      messageId: { type: 'ulong', value: 7n },
      correlationId: { type: 'uuid', value: '6f9619ff-8b86-d011-b42d-00cf4fc964ff' },
      userId: Buffer.from('bob'),
      to: text('/queues/x'),
      subject: 'dropped',
      replyTo: text('/queues/answers%2F1'),
      contentType: 'text/plain',
      creationTime: 1_700_000_000_123n,
      groupId: 'shop',
    },
    applicationProperties: [
      [text('n'), { type: 'int', value: 1 }],
      [text('b'), { type: 'boolean', value: true }],
    ],
  });
  const { headers, ...others } = basic;
  assert.deepEqual(
    { ...others },
    {
      contentType: 'text/plain',
      deliveryMode: 2,
      priority: 3,
      correlationId: 'urn:uuid:6f9619ff-8b86-d011-b42d-00cf4fc964ff',
      replyTo: 'answers/1',
      expiration: '7000',
      messageId: '7',
      timestamp: 1_700_000_000,
      type: 'order',
      userId: 'bob',
      appId: 'shop',
    },
  );
  assert.deepEqual(
    { ...headers },
    {
      n: { type: 'signedint', value: 1 },
      b: { type: 'bool', value: true },
      'x-own': longstr('kept'),
      CC: { type: 'array', value: [longstr('k2')] },
    },
  );
  assert.equal(body.toString(), 'body');
});

test('a body of other sections survives a way through AMQP 0-9-1', () => {
  const value: Item = { type: 'map', value: [[text('k'), { type: 'long', value: 1n }]] };
  const { basic, body } = toOld({ body: value });
  assert.equal(basic.type, 'amqp-1.0');
  const w = new Writer(256);
  writeProperties(w, basic);
  const again = rabbitMqFormat.fromProperties(
    amqp091Format.toProperties(encoded(w.toBuffer(), body)),
    100_000,
  );
  assert.deepEqual(readMessage(Buffer.concat([again.head, again.body]))['value'], { k: 1n });
  // Other bytes with this type are data.
  assert.equal(
    toNew({ type: 'amqp-1.0' }, 'no sections')['data'],
    `0x${Buffer.from('no sections').toString('hex')}`,
  );
});

test('long ids are headers', () => {
  const id = 'i'.repeat(300);
  const { basic } = toOld({
    properties: { messageId: text(id), correlationId: { type: 'binary', value: Buffer.from('b') } },
  });
  assert.equal(basic.messageId, undefined);
  assert.deepEqual(basic.headers?.['x-message-id'], longstr(id));
  assert.deepEqual(basic.headers?.['x-correlation-id'], {
    type: 'binary',
    value: Buffer.from('b').toString('base64'),
  });
});

test('deaths are an annotation in AMQP 1.0 and a header in AMQP 0-9-1', () => {
  const table = {
    type: 'table',
    value: {
      count: long(2),
      reason: longstr('expired'),
      queue: longstr('q'),
      exchange: longstr('e'),
      'routing-keys': { type: 'array', value: [longstr('k')] },
      time: { type: 'timestamp', value: 1_700_000_000 },
      'original-expiration': longstr('50'),
    },
  } as const;
  const found = toNew({ headers: { 'x-death': { type: 'array', value: [table] } } }, 'b');
  const [death] =
    (found['annotations'] as Record<string, Record<string, unknown>[]>)['x-opt-deaths'] ?? [];
  assert.deepEqual(death, {
    ttl: 50,
    queue: 'q',
    reason: 'expired',
    count: 2n,
    'first-time': 1_700_000_000_000n,
    'last-time': 1_700_000_000_000n,
    exchange: 'e',
    'routing-keys': ['k'],
  });
});

test('deaths of AMQP 1.0 messages are counted, and survive a restart of the broker', async () => {
  const b = await RabbitMqBroker.open();
  b.declare('q', {
    'x-dead-letter-exchange': longstr(''),
    'x-dead-letter-routing-key': longstr('q'),
  });
  const peer = await b.client();
  peer.attachSender('s', '/queues/q');
  peer.attachReceiver('r', '/queues/q');
  peer.flow(1, 10);
  peer.take();
  peer.transfer(encodeMessage({ header: { durable: true }, body: 'm' }));
  const deliveries = () =>
    peer
      .take()
      .flatMap(({ body, payload }) =>
        body?.code === 0x14 ? [{ id: body.deliveryId ?? 0, payload }] : [],
      );
  for (let n = 0; n < 2; n++) {
    const [delivery] = deliveries();
    peer.settle(delivery?.id ?? 0, { code: 0x25 });
  }
  b.sync();
  const [last] = deliveries();
  const annotations = readMessage(last?.payload ?? Buffer.alloc(0))['annotations'] as Record<
    string,
    unknown
  >;
  const deaths = annotations['x-opt-deaths'] as Record<string, unknown>[];
  assert.deepEqual(
    deaths.map((death) => [death['queue'], death['count']]),
    [['q', 2n]],
  );
});
