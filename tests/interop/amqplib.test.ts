import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { sharedWaxwing } from '../support/shared-waxwing.ts';
import type { Waxwing } from '../support/waxwing.ts';

// amqplib, the Node client, with `waxwing serve`.
let waxwing: Waxwing;
let ca: Buffer[];
let client: ChannelModel;

before(async () => {
  waxwing = await sharedWaxwing();
  ca = [Buffer.from(waxwing.ca)];
  client = await connect(waxwing.amqpUrl, { ca });
});

after(async () => {
  await client.close();
});

/** Consumes the given number of messages. */
function collect(channel: ConfirmChannel, queue: string, count: number, noAck = true) {
  return new Promise<ConsumeMessage[]>((resolve, reject) => {
    const found: ConsumeMessage[] = [];
    const onMessage = (message: ConsumeMessage | null) => {
      if (message !== null) found.push(message);
      if (found.length === count) resolve(found);
    };
    channel.consume(queue, onMessage, { noAck }).catch(reject);
  });
}

test('the server reports the emulated engine and its own name Waxwing', () => {
  const { product, version, platform } = client.connection.serverProperties;
  assert.deepEqual([product, platform], ['RabbitMQ', 'Waxwing']);
  assert.match(version, /^(3\.13|4\.2)/);
});

test('confirmed messages are consumed in order with their properties', async () => {
  const channel = await client.createConfirmChannel();
  const { queue } = await channel.assertQueue('amqplib.orders', { durable: true });
  for (let i = 0; i < 500; i++) {
    const headers = { index: i, nested: { list: [1, 'two', true] } };
    channel.sendToQueue(queue, Buffer.from(`m${i}`), {
      persistent: true,
      messageId: `${i}`,
      headers,
    });
  }
  await channel.waitForConfirms();
  const found = await collect(channel, queue, 500);
  assert.deepEqual(
    found.map((message) => message.content.toString()),
    Array.from({ length: 500 }, (_, i) => `m${i}`),
  );
  assert.equal(found[7]?.properties.messageId, '7');
  assert.deepEqual(found[7]?.properties.headers, { index: 7, nested: { list: [1, 'two', true] } });
  await channel.close();
});

test('bodies of every size arrive complete', async () => {
  const channel = await client.createConfirmChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const sizes = [0, 1, 95, 96, 97, 16_383, 32_768, 32_769, 131_064, 131_065, 1_000_000, 5_000_000];
  for (const size of sizes) channel.sendToQueue(queue, Buffer.alloc(size, size % 251));
  await channel.waitForConfirms();
  const found = await collect(channel, queue, sizes.length);
  found.forEach((message, i) => {
    const size = sizes[i] ?? 0;
    assert.ok(message.content.equals(Buffer.alloc(size, size % 251)), `${size} bytes`);
  });
  await channel.close();
});

test('unacknowledged messages of a closed channel are redelivered with the redelivered flag', async () => {
  const channel = await client.createConfirmChannel();
  const { queue } = await channel.assertQueue('amqplib.again', { durable: true });
  channel.sendToQueue(queue, Buffer.from('once more'));
  await channel.waitForConfirms();
  const first = await collect(channel, queue, 1, false);
  assert.equal(first[0]?.fields.redelivered, false);
  await channel.close();
  const second = await client.createConfirmChannel();
  const found = await second.get(queue, { noAck: false });
  assert.ok(found !== false);
  assert.equal(found.fields.redelivered, true);
  second.ack(found);
  assert.equal(await second.get(queue), false);
  await second.close();
});

test('an unroutable mandatory message is returned before its confirm', async () => {
  const channel = await client.createConfirmChannel();
  const events: string[] = [];
  channel.on('return', (message) => events.push(`return ${JSON.stringify(message.fields)}`));
  channel.publish('', 'nowhere', Buffer.from('lost'), { mandatory: true }, () => {
    events.push('confirm');
  });
  await channel.waitForConfirms();
  assert.equal(events.length, 2);
  assert.match(events[0] ?? '', /^return .*NO_ROUTE/);
  assert.equal(events[1], 'confirm');
  await channel.close();
});

test('a rejected message is dead-lettered with an x-death header', async () => {
  const channel = await client.createConfirmChannel();
  await channel.assertExchange('amqplib.graves', 'fanout');
  const { queue: grave } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(grave, 'amqplib.graves', '');
  const { queue } = await channel.assertQueue('amqplib.mortal', {
    durable: true,
    deadLetterExchange: 'amqplib.graves',
  });
  channel.sendToQueue(queue, Buffer.from('x'), { headers: { kept: 'yes' } });
  await channel.waitForConfirms();
  const message = await channel.get(queue);
  assert.ok(message !== false);
  channel.nack(message, false, false);
  const [dead] = await collect(channel, grave, 1);
  const { kept, 'x-death': deaths } = dead?.properties.headers ?? {};
  assert.equal(kept, 'yes');
  assert.equal(deaths?.[0]?.reason, 'rejected');
  assert.equal(deaths?.[0]?.queue, 'amqplib.mortal');
  assert.equal(deaths?.[0]?.count, 1);
  await channel.close();
});

test('a consumer is notified when its queue is deleted', async () => {
  const channel = await client.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const cancelled = new Promise((resolve) => {
    channel.consume(queue, resolve).catch(resolve);
  });
  await channel.deleteQueue(queue);
  assert.equal(await cancelled, null);
  await channel.close();
});

test('a direct reply reaches the requesting channel', async () => {
  const asking = await client.createChannel();
  const answering = await client.createConfirmChannel();
  const reply = new Promise<ConsumeMessage | null>((resolve, reject) => {
    asking.consume('amq.rabbitmq.reply-to', resolve, { noAck: true }).catch(reject);
  });
  await asking.assertQueue('amqplib.questions', { exclusive: true });
  asking.sendToQueue('amqplib.questions', Buffer.from('?'), { replyTo: 'amq.rabbitmq.reply-to' });
  const [question] = await collect(answering, 'amqplib.questions', 1);
  answering.sendToQueue(question?.properties.replyTo, Buffer.from('!'));
  assert.equal((await reply)?.content.toString(), '!');
  await asking.close();
  await answering.close();
});

test('a wrong password is refused with the reason', async () => {
  const url = new URL(waxwing.amqpUrl);
  url.password = 'wrong';
  await assert.rejects(connect(url.href, { ca }), /ACCESS_REFUSED|403/);
});

test('ten consumers of a stream each get every message, with its offset', async () => {
  const channel = await client.createConfirmChannel();
  const args = { 'x-queue-type': 'stream', 'x-max-length-bytes': 100_000_000 };
  await channel.assertQueue('log', { durable: true, arguments: args });
  const readers = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const reader = await client.createConfirmChannel();
      await reader.prefetch(50);
      const found: ConsumeMessage[] = [];
      const done = new Promise<void>((resolve) => {
        const take = (message: ConsumeMessage | null) => {
          if (message === null) return;
          found.push(message);
          reader.ack(message);
          if (found.length === 1000) resolve();
        };
        void reader.consume('log', take, { arguments: { 'x-stream-offset': 'first' } });
      });
      return { reader, found, done };
    }),
  );
  for (let i = 0; i < 1000; i++)
    channel.sendToQueue('log', Buffer.from(`m${i}`), { headers: { i } });
  await channel.waitForConfirms();
  for (const { reader, found, done } of readers) {
    await done;
    found.forEach(({ content, properties, fields }, i) => {
      assert.equal(content.toString(), `m${i}`);
      assert.deepEqual(properties.headers, { i, 'x-stream-offset': i });
      assert.equal(fields.redelivered, false);
    });
    await reader.close();
  }
  assert.equal((await channel.checkQueue('log')).messageCount, 1000);
  await channel.deleteQueue('log');
  await channel.close();
});
