// Inputs of MQTT clients of brokers of RabbitMQ's type.

import { publishPacket } from '../support/mqtt-packets.ts';
import { until } from '../support/processes.ts';
import type { MeteredProcess } from './metered-process.ts';
import type { MqttClient } from './mqtt-client.ts';

/** An input that is measured. */
export interface MqttInput {
  readonly what: string;
  /** Counts of the long run and of the short one. */
  readonly counts: readonly [long: number, short: number];
  /** Prepares it; what is returned performs what is measured. */
  readonly prepare: (broker: MeteredProcess, count: number) => Promise<() => Promise<void>>;
}

const puback = 4;
const suback = 9;
const publish = 3;

const client = (broker: MeteredProcess, clientId: string, isClean = true) =>
  broker.mqtt(clientId, isClean, 'mqtt-rabbitmq');

/** The measured inputs. */
export const mqttInputs: readonly MqttInput[] = [
  {
    what: 'an MQTT client subscribes to many filters, and its session is resumed and ended',
    counts: [9000, 200],
    prepare: async (broker, count) => {
      const first = await client(broker, 's', false);
      const filters = Array.from({ length: count }, (_, n) => `a/${n}/${'x/'.repeat(50)}+`);
      return async () => {
        await first.subscribe(filters, 1);
        await first.untilCount(suback, 1);
        first.cut();
        const second = await client(broker, 's', false);
        second.cut();
        const third = await client(broker, 's', true);
        await third.caughtUp();
      };
    },
  },
  {
    what: 'MQTT clients subscribe to many retained messages with wildcards',
    counts: [20_000, 500],
    prepare: async (broker, count) => {
      const publisher = await client(broker, 'p');
      const packets = Array.from({ length: count }, (_, n) =>
        publishPacket(5, `r/${n}/x`, 'kept', { retain: true }),
      );
      await publisher.send(...packets);
      await publisher.caughtUp();
      const clients = await Promise.all(['a', 'b', 'c'].map((id) => client(broker, id)));
      return async () => {
        await Promise.all(clients.map((each) => each.subscribe(['r/+/x', '#'])));
        // Both filters match each of them.
        for (const each of clients) await each.untilCount(publish, 2 * count);
      };
    },
  },
  {
    what: 'MQTT messages with many properties are sent and received',
    counts: [300, 20],
    prepare: async (broker, count) => {
      const publisher = await client(broker, 'p');
      const subscriber = await client(broker, 's');
      await subscriber.subscribe(['wide/#']);
      await subscriber.untilCount(suback, 1);
      const pairs = Array.from({ length: 900 }, (_, n) => [`name-${n}`, 'v'.repeat(100)] as const);
      const packets = Array.from({ length: count }, (_, n) =>
        publishPacket(5, 'wide/x', `${n}`, { qos: 1, id: n + 1, properties: { 38: pairs } }),
      );
      return async () => {
        await publisher.send(...packets);
        await publisher.untilCount(puback, count);
        await subscriber.untilCount(publish, count);
      };
    },
  },
  {
    what: 'MQTT messages are sent to many sessions of which each has both queues',
    counts: [500, 20],
    prepare: async (broker, count) => {
      const clients: MqttClient[] = [];
      for (let n = 0; n < count; n++) {
        const each = await client(broker, `c${n}`);
        clients.push(each);
        await each.subscribe(['f/#'], 1);
        await each.subscribe(['+/g'], 0);
        await each.untilCount(suback, 2);
      }
      const publisher = await client(broker, 'p');
      return async () => {
        for (let n = 1; n <= 50; n++) {
          await publisher.send(publishPacket(5, 'f/g', 'x', { qos: 0 }));
        }
        await publisher.caughtUp();
        const all = () => clients.every((each) => each.countOf(publish) >= 100);
        await until('all messages have come', all, 120_000);
      };
    },
  },
];
