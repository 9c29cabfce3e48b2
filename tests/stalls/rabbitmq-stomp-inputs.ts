// Inputs of STOMP clients of brokers of RabbitMQ's type.

import { until } from '../support/processes.ts';
import { textFrame } from '../support/stomp-peer.ts';
import type { MeteredProcess } from './metered-process.ts';
import type { StompClient } from './stomp-client.ts';

/** An input that is measured. */
export interface StompInput {
  readonly what: string;
  /** Counts of the long run and of the short one. */
  readonly counts: readonly [long: number, short: number];
  /** Prepares it; what is returned performs what is measured. */
  readonly prepare: (broker: MeteredProcess, count: number) => Promise<() => Promise<void>>;
}

const waitMs = 120_000;

/** Fills a queue with small messages. */
async function filled(client: StompClient, queue: string, count: number): Promise<void> {
  const frame = textFrame('SEND', { destination: `/queue/${queue}` }, 'x');
  const piece = 500;
  for (let sent = 0; sent < count; sent += piece) await client.write(frame.repeat(piece));
  await client.call('BEGIN', { transaction: `filled ${queue}` });
}

/** The measured inputs. */
export const stompInputs: readonly StompInput[] = [
  {
    what: 'a STOMP client acknowledges many deliveries with one ACK',
    counts: [50_000, 1000],
    prepare: async (broker, count) => {
      const client = await broker.stomp('stomp-rabbitmq');
      await filled(client, 'q', count);
      await client.send('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
      const last = new RegExp(`\\nack:(.*@@${count})\\n`);
      await until('all messages have come', () => last.test(client.tail), waitMs);
      const [, id = ''] = last.exec(client.tail) ?? [];
      return () => client.call('ACK', { id });
    },
  },
  {
    what: 'a STOMP client with many unsettled deliveries disconnects',
    counts: [50_000, 1000],
    prepare: async (broker, count) => {
      const client = await broker.stomp('stomp-rabbitmq');
      await filled(client, 'q', count);
      await client.send('SUBSCRIBE', { destination: '/queue/q', id: '1', ack: 'client' });
      await until('all messages have come', () => client.tail.includes(`@@${count}\n`), waitMs);
      const other = await broker.stomp('stomp-rabbitmq');
      return async () => {
        client.cut();
        await other.send('SUBSCRIBE', { destination: '/queue/q', id: '1' });
        await until('all have come again', () => other.tail.includes(`@@${count}\n`), waitMs);
      };
    },
  },
  {
    what: 'a STOMP client with many subscriptions disconnects',
    counts: [10_000, 200],
    prepare: async (broker, count) => {
      const client = await broker.stomp('stomp-rabbitmq');
      const ids = Array.from({ length: count }, (_, at) => String(at));
      const frames = ids.map((id) => textFrame('SUBSCRIBE', { destination: '/queue/q', id }));
      await client.write(frames.join(''));
      await client.call('BEGIN', { transaction: 'subscribed' });
      const other = await broker.stomp('stomp-rabbitmq');
      return async () => {
        client.cut();
        await other.call('SUBSCRIBE', { destination: '/queue/q', id: '1' });
        await other.call('SEND', { destination: '/queue/q' });
      };
    },
  },
  {
    what: 'STOMP messages with a thousand headers are sent and received',
    counts: [500, 20],
    prepare: async (broker, count) => {
      const client = await broker.stomp('stomp-rabbitmq');
      const names = Array.from({ length: 950 }, (_, at) => `header-${at}`);
      const headers = Object.fromEntries(names.map((name) => [name, 'value'.repeat(20)]));
      const frames = Array.from({ length: count }, (_, at) =>
        textFrame('SEND', { destination: '/queue/q', number: String(at), ...headers }),
      );
      return async () => {
        for (const frame of frames) await client.write(frame);
        await client.send('SUBSCRIBE', { destination: '/queue/q', id: '1' });
        const enough = count * (frames[0]?.length ?? 0);
        await until('the messages have come', () => client.receivedBytes > enough, waitMs);
      };
    },
  },
];
