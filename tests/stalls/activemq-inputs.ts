// Inputs of clients of brokers of ActiveMQ's type.

import { randomBytes } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import {
  consumerInfo,
  type Destination,
  destinationInfo,
  removeInfo,
  type TransactionId,
  textMessage,
  transactionInfo,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import { inflatedBytesMax } from '../../src/protocols/openwire/limits.ts';
import { publishPacket } from '../support/mqtt-packets.ts';
import { queue, topic } from '../support/openwire-peer.ts';
import { until } from '../support/processes.ts';
import type { MqttClient } from './mqtt-client.ts';
import type { OpenWireClient } from './openwire-client.ts';
import type { ActiveMqInput } from './parts.ts';

const consumer = (
  client: OpenWireClient,
  value: number,
  destination: Destination,
  fields: Parameters<typeof consumerInfo>[0] = {},
) =>
  consumerInfo({
    consumerId: { type: types.ConsumerId, connectionId: client.connection, sessionId: 1, value },
    destination,
    prefetchSize: 10,
    ...fields,
  });

const session = (client: OpenWireClient) =>
  ({ type: types.SessionId, connectionId: client.connection, value: 1 }) as const;

const xid = (name: string): TransactionId => ({
  type: types.XaTransactionId,
  formatId: 1,
  globalTransactionId: Buffer.from(name),
  branchQualifier: Buffer.from([1]),
});

const actions = { begin: 0, prepare: 1, commitTwoPhase: 3, rollback: 4, recover: 5 };

const perform = (
  client: OpenWireClient,
  transactionId: TransactionId | undefined,
  action: number,
) => client.ask(transactionInfo({ transactionId, action }));

/** An XA transaction with many messages, and as many acknowledgements. */
async function filled(client: OpenWireClient, name: string, count: number): Promise<void> {
  const half = count / 2;
  await client.sendMany(half, () => client.message(queue('in'), 'x'));
  await client.send(consumer(client, 1, queue('in'), { prefetchSize: half }));
  await perform(client, xid(name), actions.begin);
  await client.acknowledge(half, xid(name));
  await client.sendMany(half, () => client.message(queue('out'), 'x', xid(name)));
}

/** Retains messages of many topics. */
async function retain(client: MqttClient, count: number): Promise<void> {
  const packets = Array.from({ length: count }, (_, n) =>
    publishPacket(5, `r/${n % 100}/${n}`, 'retained', { retain: true }),
  );
  for (let n = 0; n < count; n += 500) await client.send(...packets.slice(n, n + 500));
  await client.caughtUp();
}

const sessions: readonly ActiveMqInput[] = [
  ...[
    ['queues', (n: number) => queue(`q${n % 100}`)] as const,
    ['topics', (n: number) => topic(`t${n % 100}`)] as const,
  ].map(
    ([kind, destinationOf]): ActiveMqInput => ({
      what: `a session of OpenWire with many consumers of ${kind} is removed`,
      count: 10_000,
      prepare: async (broker, count) => {
        const client = await broker.openwire('ID:a');
        await client.sendMany(count, (n) => consumer(client, n, destinationOf(n)));
        return async () => {
          await client.ask(removeInfo({ objectId: session(client) }));
        };
      },
    }),
  ),
  {
    what: 'a consumer with many unsettled messages, all of them confirmed, is removed',
    count: 50_000,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      await client.sendMany(count, () => client.message(queue('q'), 'x'));
      const info = consumer(client, 1, queue('q'), { prefetchSize: count });
      await client.send(info);
      await until('all have come', () => client.dispatchCount === count, 120_000);
      return async () => {
        await client.ask(removeInfo({ objectId: info.consumerId, lastDeliveredSequenceId: -2 }));
      };
    },
  },
  {
    what: 'a connection of OpenWire with many temporary queues is cut, which others are told',
    count: 9000,
    prepare: async (broker, count) => {
      const listener = await broker.openwire('ID:l');
      const advisories = topic('ActiveMQ.Advisory.TempQueue');
      await listener.send(consumer(listener, 1, advisories, { prefetchSize: 100_000 }));
      await listener.caughtUp();
      const owner = await broker.openwire('ID:o');
      await owner.sendMany(count, (n) =>
        destinationInfo({
          destination: { type: types.TempQueueDestination, physicalName: `ID:o:${n}` },
        }),
      );
      await until('it is told of all', () => listener.dispatchCount === count, 120_000);
      return async () => {
        owner.cut();
        await until('it is told of all ends', () => listener.dispatchCount === 2 * count, 120_000);
      };
    },
  },
  {
    what: 'a consumer of a name with wildcards joins many queues, and is removed',
    count: 20_000,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      await client.sendMany(count, (n) => destinationInfo({ destination: queue(`many.${n}.q`) }));
      const info = consumer(client, 1, queue('many.>'), { prefetchSize: 1000 });
      return async () => {
        await client.send(info);
        await client.sendMany(100, (n) => client.message(queue(`many.${n * 199}.q`), 'x'));
        await until('the messages have come', () => client.dispatchCount === 100, 120_000);
        await client.ask(removeInfo({ objectId: info.consumerId }));
      };
    },
  },
  {
    what: 'a message is sent to a list of 100 topics, of which each has very many consumers',
    count: 10_000,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      await client.sendMany(count, (n) => consumer(client, n, topic('wide.>')));
      const list = Array.from({ length: 100 }, (_, n) => `wide.${n}`).join(',');
      return async () => {
        for (let n = 0; n < 3; n++)
          await client.sendMany(1, () => client.message(topic(list), 'x'));
      };
    },
  },
  {
    what: 'a message is sent to a list of 100 topics with very many consumers together',
    count: 10_000,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      await client.sendMany(count, (n) => consumer(client, n, topic(`wide.${n % 100}`)));
      const list = Array.from({ length: 100 }, (_, n) => `wide.${n}`).join(',');
      return async () => {
        for (let n = 0; n < 3; n++)
          await client.sendMany(1, () => client.message(topic(list), 'x'));
      };
    },
  },
  {
    what: 'a message is sent to a topic with very many consumers whose selectors do not match',
    count: 10_000,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      await client.sendMany(count, (n) =>
        consumer(client, n, topic('t'), { selector: `n = ${n}` }),
      );
      return async () => {
        await client.sendMany(200, () => client.message(topic('t'), 'x'));
      };
    },
  },
];

const transactions: readonly ActiveMqInput[] = [
  ...(['rollback', 'commitTwoPhase'] as const).map(
    (outcome): ActiveMqInput => ({
      what: `a large XA transaction is prepared, with the outcome ${outcome}`,
      count: 9900,
      prepare: async (broker, count) => {
        const client = await broker.openwire('ID:a');
        await filled(client, 'large', count);
        return async () => {
          await perform(client, xid('large'), actions.prepare);
          await perform(client, xid('large'), actions[outcome]);
        };
      },
    }),
  ),
  {
    what: 'very many prepared transactions are listed',
    count: 9900,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      for (let n = 0; n < count; n++) {
        await client.send(transactionInfo({ transactionId: xid(`x${n}`), action: actions.begin }));
        await client.send(client.message(queue('out'), 'x', xid(`x${n}`)));
        await client.send(
          transactionInfo({ transactionId: xid(`x${n}`), action: actions.prepare }),
        );
        if (n % 500 === 499) await client.caughtUp();
      }
      await client.caughtUp();
      return async () => {
        for (let n = 0; n < 10; n++) await perform(client, undefined, actions.recover);
      };
    },
  },
];

const subscriptions: readonly ActiveMqInput[] = [
  {
    what: 'many MQTT clients subscribe to many filters each beside many retained messages',
    count: 50,
    prepare: async (broker, count) => {
      const publisher = await broker.mqtt('p');
      await retain(publisher, 20_000);
      const clients: MqttClient[] = [];
      for (let n = 0; n < count; n++) clients.push(await broker.mqtt(`c${n}`));
      const filters = Array.from({ length: 3000 }, (_, n) => `r/+/${n}`);
      return async () => {
        await Promise.all(clients.map((client) => client.subscribe(filters)));
        for (const client of clients) await client.untilCount(3, filters.length);
      };
    },
  },
  {
    what: 'MQTT messages are sent to a topic of 200 levels beside deep filters with many +',
    count: 50,
    prepare: async (broker, count) => {
      const clients: MqttClient[] = [];
      for (let n = 0; n < count; n++) {
        const client = await broker.mqtt(`c${n}`);
        const filters = Array.from({ length: 50 }, (_, at) =>
          Array.from({ length: 199 }, (_level, level) =>
            (level + at) % 3 === 0 || level === at ? 'a' : '+',
          ).join('/'),
        );
        await client.subscribe(filters);
        clients.push(client);
      }
      const publisher = await broker.mqtt('p');
      return async () => {
        for (let n = 0; n < 100; n++) {
          const name = Array.from({ length: 199 }, (_, at) => (at === 198 ? `${n}` : 'a')).join(
            '/',
          );
          await publisher.send(publishPacket(5, name, 'x'));
        }
        await publisher.caughtUp();
        for (const client of clients) await client.caughtUp();
      };
    },
  },
  {
    what: 'an MQTT session with many filters, of which many are shared, is ended by its client',
    count: 9000,
    prepare: async (broker, count) => {
      const first = await broker.mqtt('s', false);
      await first.subscribe(
        Array.from({ length: count }, (_, n) => `a/${n}/${'x/'.repeat(50)}+`),
        1,
      );
      await first.subscribe(
        Array.from({ length: 1000 }, (_, n) => `$share/g/b/${n}`),
        1,
      );
      await first.untilCount(9, 2);
      first.cut();
      return async () => {
        // The session is resumed, and then another one begins clean.
        const second = await broker.mqtt('s', false);
        second.cut();
        const third = await broker.mqtt('s', true);
        await third.caughtUp();
      };
    },
  },
];

/** A compressed text, about 35 times as small. */
function compressedText(size: number): Buffer {
  const text = Buffer.alloc(size, 'waxwing, a bird of the north; ');
  for (let at = 4; at + 32 < size; at += 1024) {
    text.write(randomBytes(12).toString('hex'), at);
  }
  text.writeInt32BE(size - 4, 0);
  return deflateSync(text);
}

const bodies: readonly ActiveMqInput[] = [
  {
    what: 'compressed messages are converted, some of which are too large for that',
    count: 20,
    prepare: async (broker, count) => {
      const client = await broker.openwire('ID:a');
      const stomp = await broker.stomp();
      // A little below what is converted, and above it.
      const inflated = [inflatedBytesMax - 4096, 32 * inflatedBytesMax];
      const contents = inflated.map(compressedText);
      for (let n = 0; n < count; n++) {
        const { producerId } = client;
        const content = contents[n % 2];
        await client.send(
          textMessage({
            producerId,
            destination: queue('compressed'),
            content,
            compressed: true,
            persistent: true,
            messageId: {
              type: types.MessageId,
              textView: undefined,
              producerId,
              producerSequenceId: n,
              brokerSequenceId: 0,
            },
          }),
        );
      }
      await client.caughtUp();
      return async () => {
        await stomp.send('SUBSCRIBE', { id: '1', destination: '/queue/compressed', ack: 'auto' });
        const enough = (count / 2) * (inflated[0] ?? 0);
        await until('the texts have come', () => stomp.receivedBytes > enough, 120_000);
      };
    },
  },
];

/** The measured inputs. */
export const activeMqInputs: readonly ActiveMqInput[] = [
  ...sessions,
  ...transactions,
  ...subscriptions,
  ...bodies,
];
