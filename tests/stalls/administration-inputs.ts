// Inputs of administrators of brokers of RabbitMQ's type, and of publishes to many queues at once.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Argument } from '../../src/broker/arguments.ts';
import { bindQueue, consume, declareExchange, declareQueue } from '../support/amqp-frames.ts';
import { publishFrames } from '../support/amqp-peer.ts';
import { until } from '../support/processes.ts';
import { jsonRequest } from './administrator.ts';
import { type Input, messageCount, messages, sendMany, text } from './parts.ts';

const deletion = { ifUnused: false, ifEmpty: false, noWait: false } as const;

/** Inputs about administration. */
export const administrationInputs: readonly Input[] = [
  {
    what: 'one message is the first one of many durable queues with a priority, by CC',
    counts: [1000, 100],
    prepare: async ({ client, count }) => {
      const names = Array.from({ length: count }, (_, i) => `first-${i}`);
      const args = { 'x-max-priority': { type: 'long', value: 10 } } as const;
      await sendMany(client, count, (i) => declareQueue(`first-${i}`, { durable: true }, args));
      const CC: Argument = { type: 'array', value: names.map((name) => text(name)) };
      return async () => {
        const properties = { headers: { CC }, deliveryMode: 2, priority: 5 };
        await client.send(publishFrames(1, 'first-0', 'x', properties));
        await client.caughtUp();
        assert.equal(await messageCount(client, `first-${count - 1}`), 1);
      };
    },
  },
  {
    what: 'one message is the first one of many quorum queues of a fanout exchange',
    counts: [4500, 500],
    prepare: async ({ client, count }) => {
      const args = {
        'x-queue-type': text('quorum'),
        'x-message-ttl': { type: 'long', value: 1e8 },
      } as const;
      await client.send(declareExchange('f', 'fanout'));
      await sendMany(client, count, (i) => declareQueue(`q${i}`, { durable: true }, args));
      await sendMany(client, count, (i) => bindQueue(`q${i}`, 'f'));
      return async () => {
        await client.send(publishFrames(1, '', 'x', { deliveryMode: 2 }, 'f'));
        await client.caughtUp();
        assert.equal(await messageCount(client, `q${count - 1}`), 1);
      };
    },
  },
  {
    what: 'an exchange with very many bindings to few queues is deleted',
    counts: [100_000, 2000],
    prepare: async ({ client, count }) => {
      await client.send(declareExchange('x', 'direct'));
      await sendMany(client, 10, (i) => declareQueue(`q${i}`));
      await sendMany(client, count, (i) => bindQueue(`q${i % 10}`, 'x', `k${i}`));
      return async () => {
        const how = { ifUnused: false, noWait: false } as const;
        await client.call(1, { id: 0x00280014, exchange: 'x', ...how }, 0x00280015);
      };
    },
  },
  {
    what: 'a policy is set for many queues, and removed',
    counts: [10_000, 500],
    prepare: async ({ broker, client, count }) => {
      await sendMany(client, count, (i) => declareQueue(`q${i}`, { durable: true }));
      const request = jsonRequest(broker);
      await request('GET', '/api/overview');
      return async () => {
        const definition = { 'max-length': 10, 'message-ttl': 100_000 };
        await request('PUT', '/api/policies/%2F/p', { pattern: '^q', definition });
        await request('DELETE', '/api/policies/%2F/p');
      };
    },
  },
  {
    what: 'definitions with many queues, bindings and users are exported and imported',
    counts: [10_000, 300],
    prepare: async ({ broker, client, count }) => {
      await client.caughtUp();
      const request = jsonRequest(broker);
      await request('GET', '/api/overview');
      const durable = { vhost: '/', durable: true, auto_delete: false, arguments: {} };
      const all = Array.from({ length: count }, (_, i) => i);
      const definitions = {
        exchanges: [{ name: 'x', type: 'topic', internal: false, ...durable }],
        queues: all.map((i) => ({ name: `q${i}`, ...durable })),
        bindings: all.map((i) => ({
          source: 'x',
          vhost: '/',
          destination: `q${i}`,
          destination_type: 'queue',
          routing_key: `k.${i}.*`,
          arguments: {},
        })),
      };
      return async () => {
        await request('POST', '/api/definitions', definitions);
        const found = await request('GET', '/api/definitions');
        assert.equal((found as typeof definitions).queues.length, count);
      };
    },
  },
  {
    what: 'many queues are listed in the management API, page by page and by name',
    counts: [10_000, 500],
    prepare: async ({ broker, client, count }) => {
      await sendMany(client, count, (i) => declareQueue(`q${i}`));
      const request = jsonRequest(broker);
      await request('GET', '/api/overview');
      return async () => {
        const queues = (query: string) => request('GET', `/api/queues?${query}`);
        await Promise.all([
          queues(''),
          queues('page=3&page_size=500&sort=messages&sort_reverse=true'),
          queues('page=1&page_size=500&name=(a%2B)%2B9&use_regex=true'),
          request('GET', '/metrics/per-object'),
        ]);
      };
    },
  },
  {
    what: 'a virtual host with many queues, bindings and messages is deleted',
    counts: [10_000, 300],
    prepare: async ({ broker, client, count }) => {
      await client.caughtUp();
      const request = jsonRequest(broker);
      await request('PUT', '/api/vhosts/other', {});
      const rights = { configure: '.*', write: '.*', read: '.*' };
      await request('PUT', '/api/permissions/other/guest', rights);
      const all = Array.from({ length: count }, (_, i) => i);
      const durable = { durable: true, auto_delete: false, arguments: {} };
      await request('POST', '/api/definitions/other', {
        exchanges: [{ name: 'x', type: 'fanout', internal: false, ...durable }],
        queues: all.map((i) => ({ name: `q${i}`, ...durable })),
        bindings: all.map((i) => ({
          source: 'x',
          destination: `q${i}`,
          destination_type: 'queue',
          routing_key: '',
          arguments: {},
        })),
      });
      for (let i = 0; i < 5; i++) {
        const message = {
          properties: {},
          routing_key: '',
          payload: 'x',
          payload_encoding: 'string',
        };
        await request('POST', '/api/exchanges/other/x/publish', message);
      }
      return async () => {
        await request('DELETE', '/api/vhosts/other');
      };
    },
  },
  {
    what: 'the rights of a user with many connections and consumers change',
    counts: [500, 20],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('shared'));
      const request = jsonRequest(broker);
      for (let i = 0; i < count; i++) {
        const each = await broker.connect(10);
        await sendMany(each, 10, (n) => consume(1 + n, 'shared', `c${n}`));
      }
      return async () => {
        const rights = { configure: '.*', write: '.*', read: '^$' };
        await request('PUT', '/api/permissions/%2F/guest', rights);
        await request('PUT', '/api/permissions/%2F/guest', { ...rights, read: '.*' });
      };
    },
  },
  {
    what: 'a connection with 2,047 channels, each with consumers and unsettled deliveries, is cut',
    counts: [60_000, 4000],
    prepare: async ({ broker, client, count }) => {
      await client.send(declareQueue('shared'));
      await messages(client, 'shared', count);
      const consumer = await broker.connect(2047);
      await sendMany(consumer, 2047, (i) => consume(1 + i, 'shared', `c${i}`));
      await until('all have come', () => consumer.deliveryCount === count, 120_000);
      return async () => {
        consumer.cut();
        await until('all are back', async () => (await messageCount(client, 'shared')) === count);
      };
    },
  },
  {
    what: 'a durable queue with a large backlog is deleted',
    counts: [400_000, 10_000],
    prepare: async ({ client, count }) => {
      await client.send(declareQueue('full', { durable: true }));
      const body = randomBytes(20).toString('hex');
      await sendMany(client, count, () => publishFrames(1, 'full', body, { deliveryMode: 2 }));
      return async () => {
        await client.call(1, { id: 0x00320028, queue: 'full', ...deletion }, 0x00320029);
      };
    },
  },
];
