import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMessage, text as string } from '../../../../tests/support/amqp10-rabbitmq.ts';
import { RabbitMqStomp, shown } from '../../../../tests/support/stomp-rabbitmq.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Publication } from '../../../broker/publication.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const text = (value: string) => ({ type: 'longstr', value });

test('headers become properties, and all others text in the table of headers', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  const headers = {
    destination: '/queue/q',
    'content-type': 'text/plain',
    'content-encoding': 'utf-8',
    persistent: 'true',
    priority: '7',
    'correlation-id': 'c1',
    'reply-to': '/queue/back',
    expiration: '60000',
    'amqp-message-id': 'm1',
    timestamp: '1700000000',
    type: 't',
    'user-id': 'bob',
    'app-id': 'a',
    custom: 'a\\cb',
    other: '1',
  };
  peer.send('SEND', headers, 'hello');
  const [message] = b.drain('q');
  assert.deepEqual(message, {
    properties: {
      contentType: 'text/plain',
      contentEncoding: 'utf-8',
      headers: { other: text('1'), custom: text('a:b') },
      deliveryMode: 2,
      priority: 7,
      correlationId: 'c1',
      replyTo: '/queue/back',
      expiration: '60000',
      messageId: 'm1',
      timestamp: 1_700_000_000,
      type: 't',
      userId: 'bob',
      appId: 'a',
    },
    body: 'hello',
    key: 'q',
  });
});

test('a MESSAGE frame has the headers and the order of RabbitMQ', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
  const headers = { destination: '/queue/q', custom: 'x', persistent: 'true', 'reply-to': 'back' };
  peer.send('SEND', { ...headers, 'content-length': '3' }, 'a\0b');
  peer.connection.flush();
  const message = Buffer.concat(peer.received.splice(0)).toString();
  const session = /@@(session-[\w-]+)@@/.exec(message)?.[1];
  const id = `T_1@@${session}@@1`;
  assert.equal(
    message,
    `MESSAGE\nsubscription:1\ndestination:/queue/q\nmessage-id:${id}\nredelivered:false\nack:${id}\n` +
      'custom:x\nreply-to:/reply-queue/back\npersistent:true\ncontent-length:3\n\na\0b\0\n',
  );
});

test('values that cannot be encoded are refused with what was found and allowed', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  const refused = (headers: Record<string, string>) =>
    peer.call('SEND', { destination: '/queue/q', ...headers }, 'x').map(shown);
  const wrong = (why: string) => [`ERROR Processing error: ${why}\n`];
  assert.deepEqual(
    refused({ priority: '256' }),
    wrong("the header 'priority' is '256'; a whole number from 0 to 255 is allowed"),
  );
  assert.deepEqual(
    refused({ timestamp: 'now' }),
    wrong("the header 'timestamp' is 'now'; a whole number of seconds is allowed"),
  );
  assert.equal(refused({ type: 'x'.repeat(256) }).length, 1);
  assert.equal(refused({ ['n'.repeat(256)]: 'x' }).length, 1);
  assert.deepEqual(refused({ 'message-id': '1' }), [
    "ERROR Invalid header: 'message-id' is not allowed on 'SEND'.\n",
  ]);
  assert.ok(!peer.isClosed);
  assert.deepEqual(refused({ 'user-id': 'eve' }), [
    "ERROR precondition_failed: PRECONDITION_FAILED - user_id property set to 'eve' but authenticated user was 'bob'",
  ]);
  assert.ok(peer.isClosed);
  const other = await b.client();
  assert.match(
    other.call('SEND', { destination: '/queue/q', CC: 'k' }).map(shown).join(),
    /^ERROR precondition_failed: .*unacceptable_type_in_header,"CC",longstr/,
  );
  assert.equal(b.queue('q')?.readyCount, 0);
});

test('a receipt of a persistent message waits for the disk, and keeps the order', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  const send = (receipt: string, more: Record<string, string> = {}) =>
    peer.call('SEND', { destination: '/queue/q', receipt, ...more }, 'x').map(shown);
  assert.deepEqual(send('1', { persistent: 'true' }), []);
  assert.deepEqual(send('2'), []);
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT 1', 'RECEIPT 2']);
  assert.deepEqual(send('3'), ['RECEIPT 3']);
});

test('a message that a full queue rejects has no receipt', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  b.declare('full', {
    'x-max-length': { type: 'long', value: 1 },
    'x-overflow': { type: 'longstr', value: 'reject-publish' },
  });
  const send = (receipt: string) =>
    peer.call('SEND', { destination: '/amq/queue/full', receipt }, 'x');
  assert.deepEqual(send('1').map(shown), ['RECEIPT 1']);
  const [error] = send('2');
  assert.equal(error?.headers['receipt-id'], '2');
  assert.equal(error?.headers['message'], 'Message rejected');
  assert.equal(error?.body, "queue 'full' has reached its maximum length\n");
});

test('queues have the properties and arguments that headers state', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  peer.send('SEND', {
    destination: '/queue/a',
    'auto-delete': 'false',
    exclusive: 'false',
    'x-message-ttl': '1000',
    'x-queue-type': 'quorum',
    'x-dead-letter-exchange': 'amq.topic',
  });
  const { durable, exclusive, autoDelete, arguments: args } = b.queue('a')?.options ?? {};
  assert.deepEqual([durable, exclusive, autoDelete], [true, false, false]);
  assert.deepEqual(
    { ...args },
    {
      'x-dead-letter-exchange': text('amq.topic'),
      'x-queue-type': text('quorum'),
      'x-message-ttl': { type: 'long', value: 1000 },
    },
  );
  peer.send('SEND', { destination: '/queue/b', durable: 'false' });
  const b2 = b.queue('b')?.options;
  assert.deepEqual([b2?.durable, b2?.exclusive, b2?.autoDelete], [false, true, true]);
  assert.match(
    peer.call('SEND', { destination: '/queue/c', durable: 'maybe' }).map(shown).join(),
    /the header 'durable' is 'maybe'; true or false is allowed/,
  );
});

test('messages of AMQP 1.0 and their types arrive as those of AMQP 0-9-1', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  peer.call('SUBSCRIBE', { destination: '/topic/k', id: '1' });
  const publication = new Publication();
  const whole = encodeMessage({
    properties: { correlationId: string('c') },
    applicationProperties: [[string('n'), { type: 'int', value: 5 }]],
    body: 'body',
  });
  const bodyAt = whole.lastIndexOf(Buffer.from([0x00, 0x53, 0x75]));
  publication.head = whole;
  publication.headEnd = bodyAt;
  publication.format = formatNumbers.amqp10;
  publication.addPart(whole, bodyAt, whole.length);
  publication.exchange = b.broker.vhost('/').exchange('amq.topic');
  publication.setAddress('amq.topic', 'k');
  b.broker.publish(b.broker.vhost('/'), publication);
  b.broker.pump();
  const [message] = peer.take();
  assert.equal(message?.body, 'body');
  assert.equal(message?.headers['n'], '5');
  assert.equal(message?.headers['correlation-id'], 'c');
  assert.equal(message?.headers['destination'], '/topic/k');
});

test('after a crash, everything with a RECEIPT is there, and transient messages are not', async () => {
  const b = await RabbitMqStomp.open();
  const peer = await b.client();
  const durable = { destination: '/topic/t', id: 'd', durable: 'true', 'auto-delete': 'false' };
  peer.send('SUBSCRIBE', { ...durable, receipt: 's' });
  peer.send('UNSUBSCRIBE', { id: 'd' });
  peer.send('SEND', { destination: '/topic/t', persistent: 'true', receipt: '1' }, 'kept');
  peer.send('SEND', { destination: '/topic/t' }, 'transient');
  peer.send('BEGIN', { transaction: 'x' });
  const sent = { destination: '/queue/tx', persistent: 'true', transaction: 'x' };
  peer.send('SEND', sent, 'first');
  peer.send('SEND', sent, 'second');
  peer.send('COMMIT', { transaction: 'x', receipt: 'c' });
  await turn();
  b.sync();
  assert.deepEqual(peer.take().map(shown), ['RECEIPT s', 'RECEIPT 1', 'RECEIPT c']);
  peer.send('BEGIN', { transaction: 'y' });
  peer.send('SEND', { ...sent, transaction: 'y' }, 'never');
  const later = await RabbitMqStomp.open({}, {}, b);
  const again = await later.client();
  const messages = [
    ...again.call('SUBSCRIBE', { ...durable, ack: 'client' }),
    ...again.call('SUBSCRIBE', { destination: '/queue/tx', id: 't' }),
  ];
  assert.deepEqual(
    messages.map(({ body }) => body),
    ['kept', 'first', 'second'],
  );
});
