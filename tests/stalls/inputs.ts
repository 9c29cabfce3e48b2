// The inputs whose turns are measured.

import assert from 'node:assert/strict';
import type { Argument } from '../../src/broker/arguments.ts';
import { bindQueue, consume, declareExchange, declareQueue, nack } from '../support/amqp-frames.ts';
import { methodFrame, publishFrames } from '../support/amqp-peer.ts';
import { until } from '../support/processes.ts';
import { consumerInputs } from './consumer-inputs.ts';
import { type Input, isGone, messageCount, messages, sendMany, text } from './parts.ts';

/** A random word of three, the same ones in every run. */
function words(seed: number): () => string {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return ['a', '*', '#'][Math.floor((state / 0x7fffffff) * 3)] ?? 'a';
  };
}

/** The measured inputs. */
export const inputs: readonly Input[] = [
  {
    what: 'one message with 1,024 headers to a headers exchange with many bindings',
    counts: [10_000, 100],
    prepare: async ({ client, count }) => {
      await client.send(declareQueue('sink'), declareExchange('h', 'headers'));
      await sendMany(client, count, (i) => bindQueue('sink', 'h', '', { want: text(String(i)) }));
      const headers: Record<string, Argument> = {};
      for (let i = 0; i < 1024; i++) headers[i.toString(36)] = { type: 'bool', value: true };
      return async () => {
        await client.send(publishFrames(1, 'k', '', { headers }, 'h'));
        await client.caughtUp();
      };
    },
  },
  {
    what: 'a topic key of 126 words, and many patterns of 127 with many #',
    counts: [1000, 50],
    prepare: async ({ client, count }) => {
      await client.send(declareQueue('sink'), declareExchange('t', 'topic'));
      const word = words(1);
      const pattern = () => Array.from({ length: 127 }, word).join('.');
      await sendMany(client, count, () => bindQueue('sink', 't', pattern()));
      return async () => {
        await client.send(publishFrames(1, Array(126).fill('a').join('.'), '', {}, 't'));
        await client.caughtUp();
      };
    },
  },
  {
    what: 'one message with 1,000 keys in CC to a fanout exchange with many queues',
    counts: [1000, 50],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('f', 'fanout'));
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      await sendMany(client, count, (i) => bindQueue(`q${i}`, 'f'));
      const CC: Argument = { type: 'array', value: Array<Argument>(1000).fill(text('x')) };
      return async () => {
        await client.send(publishFrames(1, 'k', '', { headers: { CC } }, 'f'));
        await client.caughtUp();
        assert.equal(await messageCount(client, 'q0'), 1);
      };
    },
  },
  {
    what: 'a connection with many exclusive queues, each bound to a topic exchange, is cut',
    counts: [20_000, 1000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareExchange('many', 'topic'));
      const owner = await broker.connect();
      await sendMany(owner, count, (i) => declareQueue(`own-${i}`, { exclusive: true }));
      await sendMany(owner, count, (i) => bindQueue(`own-${i}`, 'many', `key.${i}`));
      return async () => {
        owner.cut();
        await until('the last is gone', isGone(broker, `own-${count - 1}`));
      };
    },
  },
  {
    what: 'queues are declared, bound, unbound by their end, and published to, beside many bindings',
    counts: [20_000, 500],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('churn', 'topic'), declareQueue('stays'));
      await sendMany(client, count, (i) => bindQueue('stays', 'churn', `device.${i}.*.state`));
      const how = { ifUnused: false, ifEmpty: false, noWait: true } as const;
      return async () => {
        for (let i = 0; i < 100; i++) {
          await client.send(declareQueue('comes'), bindQueue('comes', 'churn', 'reply'));
          await client.send(publishFrames(1, 'reply', '', {}, 'churn'));
          await client.send(methodFrame(1, { id: 0x00320028, queue: 'comes', ...how }));
          await client.send(publishFrames(1, `device.${i}.x.state`, '', {}, 'churn'));
          await client.caughtUp();
        }
        assert.equal(await messageCount(client, 'stays'), 100);
      };
    },
  },
  {
    what: 'a queue with many bindings to a topic exchange is deleted',
    counts: [50_000, 1000],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('t', 'topic'), declareQueue('bound'));
      await sendMany(client, count, (i) => bindQueue('bound', 't', `a.${i}.*.#.b`));
      const how = { ifUnused: false, ifEmpty: false, noWait: false } as const;
      return async () => {
        await client.call(1, { id: 0x00320028, queue: 'bound', ...how }, 0x00320029);
        await client.send(publishFrames(1, 'a.1.x.b', '', {}, 't'));
        await client.caughtUp();
      };
    },
  },
  {
    what: 'an exchange with bindings to many queues is deleted',
    counts: [20_000, 500],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('x', 'direct'));
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      await sendMany(client, count, (i) => bindQueue(`q${i}`, 'x', `k${i}`));
      const how = { ifUnused: false, noWait: false } as const;
      return async () => {
        await client.call(1, { id: 0x00280014, exchange: 'x', ...how }, 0x00280015);
      };
    },
  },
  {
    what: 'a channel with many unsettled deliveries is closed',
    counts: [400_000, 10_000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('full'));
      await messages(client, 'full', count);
      const consumer = await broker.connect();
      await consumer.send(consume(1, 'full', 'c'));
      await until('all have come', () => consumer.deliveryCount === count, 120_000);
      const why = { replyCode: 200, replyText: '', classId: 0, methodId: 0 } as const;
      return async () => {
        await consumer.call(1, { id: 0x00140028, ...why }, 0x00140029);
        assert.equal(await messageCount(client, 'full'), count);
      };
    },
  },
  {
    what: 'a connection with 1,000 channels, many consumers and unsettled deliveries is cut',
    counts: [20_000, 2000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('shared'));
      const consumer = await broker.connect(1000);
      await sendMany(consumer, count, (i) => consume(1 + (i % 1000), 'shared', `c${i}`));
      await messages(client, 'shared', count);
      await until('all have come', () => consumer.deliveryCount === count, 120_000);
      return async () => {
        consumer.cut();
        await until('all are back', async () => (await messageCount(client, 'shared')) === count);
      };
    },
  },
  {
    what: 'one message is published to a fanout exchange with very many queues',
    counts: [50_000, 5000],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('f', 'fanout'));
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      await sendMany(client, count, (i) => bindQueue(`q${i}`, 'f'));
      return async () => {
        await client.send(publishFrames(1, 'k', '', {}, 'f'));
        await client.caughtUp();
        assert.equal(await messageCount(client, `q${count - 1}`), 1);
      };
    },
  },
  {
    what: 'a transaction with many messages commits',
    counts: [300_000, 20_000],
    prepare: async ({ client, count }) => {
      await client.send(declareQueue('durable', { durable: true }));
      await client.call(1, { id: 0x005a000a }, 0x005a000b);
      await sendMany(client, count, () => publishFrames(1, 'durable', 'x', { deliveryMode: 2 }));
      return async () => {
        await client.call(1, { id: 0x005a0014 }, 0x005a0015);
        assert.equal(await messageCount(client, 'durable'), count);
      };
    },
  },
  {
    what: 'a transaction that settles many deliveries, one by one and all at once, commits',
    counts: [300_000, 20_000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('full'));
      await messages(client, 'full', count);
      const consumer = await broker.connect();
      await consumer.call(1, { id: 0x005a000a }, 0x005a000b);
      await consumer.send(consume(1, 'full', 'c'));
      await until('all have come', () => consumer.deliveryCount === count, 120_000);
      const half = count / 2;
      await sendMany(consumer, half, (i) => nack(1 + i, { multiple: false, requeue: false }));
      await consumer.send(nack(count, { multiple: true, requeue: true }));
      await consumer.send(methodFrame(1, { id: 0x003c001e, consumerTag: 'c', noWait: true }));
      await consumer.caughtUp();
      return async () => {
        await consumer.call(1, { id: 0x005a0014 }, 0x005a0015);
        assert.equal(await messageCount(client, 'full'), half);
      };
    },
  },
  {
    what: 'many deliveries are acknowledged and given back, a thousand a method',
    counts: [400_000, 20_000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('full'));
      await messages(client, 'full', count);
      const consumer = await broker.connect();
      await consumer.send(consume(1, 'full', 'c'));
      await until('all have come', () => consumer.deliveryCount === count, 120_000);
      await consumer.send(methodFrame(1, { id: 0x003c001e, consumerTag: 'c', noWait: true }));
      const frames: Buffer[] = [];
      for (let tag = 1000; tag <= count; tag += 1000) {
        const isAck = tag % 2000 === 0;
        const ack = { id: 0x003c0050, deliveryTag: tag, multiple: true } as const;
        frames.push(isAck ? methodFrame(1, ack) : nack(tag, { multiple: true, requeue: true }));
      }
      return async () => {
        await consumer.send(...frames);
        await consumer.caughtUp();
        assert.equal(await messageCount(client, 'full'), count / 2);
      };
    },
  },
  {
    what: 'messages are published to a queue with very many consumers, of which most have no credit',
    counts: [20_000, 2000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('shared'));
      const consumer = await broker.connect(1000);
      const one = { prefetchSize: 0, prefetchCount: 1, global: false } as const;
      await sendMany(consumer, 1000, (i) => methodFrame(1 + i, { id: 0x003c000a, ...one }));
      // Not on the first channel, whose prefetch ends whenever the client catches up.
      await sendMany(consumer, count, (i) => consume(2 + (i % 999), 'shared', `c${i}`));
      await messages(client, 'shared', count - 100);
      await until('most have one', () => consumer.deliveryCount === count - 100, 120_000);
      return async () => {
        await messages(client, 'shared', 1000);
        await until('all have one', () => consumer.deliveryCount === count);
        assert.equal(await messageCount(client, 'shared'), 900);
      };
    },
  },
  {
    what: 'basic.get again and again by a client that does not read',
    counts: [1_000_000, 20_000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('big'));
      for (let i = 0; i < 8; i++) await client.send(publishFrames(1, 'big', 'x'.repeat(100_000)));
      await client.caughtUp();
      const deaf = await broker.connect();
      deaf.goDeaf();
      const get = methodFrame(1, { id: 0x003c0046, queue: 'big', noAck: false });
      const some = Array<Buffer>(500).fill(get);
      return async () => {
        const isStuck = Symbol('the broker reads no more');
        const patience = () => new Promise((resolve) => setTimeout(resolve, 2000, isStuck));
        for (let i = 0; i < count; i += some.length) {
          if ((await Promise.race([deaf.send(...some), patience()])) === isStuck) break;
        }
        deaf.cut();
        await until('all are back', async () => (await messageCount(client, 'big')) === 8);
      };
    },
  },
  {
    what: 'metrics are asked for beside many queues',
    counts: [100_000, 2000],
    prepare: async ({ broker, client, count }) => {
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      return async () => {
        await until('there are metrics', async () => (await broker.scrape()) > 1000);
      };
    },
  },
  {
    what: 'messages are published and confirmed beside many queues',
    counts: [100_000, 2000],
    prepare: async ({ client, count }) => {
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      await client.send(declareQueue('durable', { durable: true }));
      await client.send(methodFrame(1, { id: 0x0055000a, noWait: true }));
      return async () => {
        for (let i = 0; i < 1000; i++) {
          const confirmed = client.next(0x003c0050);
          await client.send(publishFrames(1, 'durable', 'x', { deliveryMode: 2 }));
          await confirmed;
        }
      };
    },
  },
  ...consumerInputs,
];
