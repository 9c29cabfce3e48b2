// Inputs with many consumers, backlogs and dead letters.

import assert from 'node:assert/strict';
import { bindQueue, consume, declareExchange, declareQueue } from '../support/amqp-frames.ts';
import { methodFrame, publishFrames } from '../support/amqp-peer.ts';
import { until } from '../support/processes.ts';
import { type Input, isGone, messageCount, messages, sendMany, text } from './parts.ts';
import type { RawClient } from './raw-client.ts';

const deletion = { ifUnused: false, ifEmpty: false, noWait: true } as const;

/** Lets a client have one message at a time on each of its channels. */
const oneAtATime = (client: RawClient) =>
  sendMany(client, 1000, (i) =>
    methodFrame(1 + i, { id: 0x003c000a, prefetchSize: 0, prefetchCount: 1, global: false }),
  );

/** Inputs about consumers, backlogs and dead letters. */
export const consumerInputs: readonly Input[] = [
  {
    what: 'a queue with very many consumers is deleted',
    counts: [20_000, 2000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('shared'));
      const consumer = await broker.connect(1000);
      await sendMany(consumer, count, (i) => consume(1 + (i % 1000), 'shared', `c${i}`));
      return async () => {
        await client.send(methodFrame(1, { id: 0x00320028, queue: 'shared', ...deletion }));
        await until('it is gone', isGone(broker, 'shared'));
        await until('all are told', () => consumer.cancelCount === count, 120_000);
      };
    },
  },
  {
    what: 'a backlog goes to many connections that take all they can get',
    counts: [500_000, 10_000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('backlog'));
      await messages(client, 'backlog', count);
      const consumers: RawClient[] = [];
      for (let i = 0; i < 50; i++) consumers.push(await broker.connect());
      return async () => {
        for (const consumer of consumers) await consumer.send(consume(1, 'backlog', 'c'));
        const sum = () => consumers.reduce((all, { deliveryCount }) => all + deliveryCount, 0);
        await until('all have come', () => sum() === count, 120_000);
      };
    },
  },
  {
    what: 'messages are published to a queue whose many consumers without credit have a priority each',
    counts: [20_000, 2000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('shared'));
      const consumer = await broker.connect(1000);
      await oneAtATime(consumer);
      await sendMany(consumer, count, (i) =>
        consume(2 + (i % 999), 'shared', `c${i}`, {
          'x-priority': { type: 'signedint', value: i },
        }),
      );
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
    what: 'a queue with many messages is purged',
    counts: [400_000, 10_000],
    prepare: async ({ client, count }) => {
      await client.send(declareQueue('full'));
      await messages(client, 'full', count);
      return async () => {
        await client.call(1, { id: 0x0032001e, queue: 'full', noWait: false }, 0x0032001f);
        assert.equal(await messageCount(client, 'full'), 0);
      };
    },
  },
  {
    what: 'messages die in a queue whose dead letters go to very many queues',
    counts: [50_000, 3000],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('dead', 'fanout'));
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      await sendMany(client, count, (i) => bindQueue(`q${i}`, 'dead'));
      const args = {
        'x-dead-letter-exchange': text('dead'),
        'x-message-ttl': { type: 'signedint', value: 1 },
      } as const;
      await client.send(declareQueue('dying', {}, args));
      await client.caughtUp();
      return async () => {
        await messages(client, 'dying', 3);
        const last = `q${count - 1}`;
        await until('the last has all', async () => (await messageCount(client, last)) === 3);
      };
    },
  },
  {
    what: 'many messages expire together and become dead letters',
    counts: [200_000, 5000],
    prepare: async ({ client, count }) => {
      const args = {
        'x-dead-letter-exchange': text(''),
        'x-dead-letter-routing-key': text('dead'),
      };
      await client.send(declareQueue('dead'), declareQueue('dying', {}, args));
      const expiration = String(Math.max(2000, count / 5)); // longer than it takes to publish them
      await sendMany(client, count, () => publishFrames(1, 'dying', '', { expiration }));
      return async () => {
        const isOver = async () => (await messageCount(client, 'dead')) === count;
        await until('all have died', isOver, 120_000);
      };
    },
  },
];
