// Requests to the console of brokers of ActiveMQ's type.

import type { ConsoleClient } from '../support/console-client.ts';
import type { MeteredProcess } from './metered-process.ts';
import type { ActiveMqInput } from './parts.ts';

/** A client of the console, which the first request has loaded. */
async function loadedConsole(broker: MeteredProcess): Promise<ConsoleClient> {
  const client = broker.console();
  await succeed(client, '/admin/api/overview');
  await succeed(client, '/admin/xml/queues.jsp');
  return client;
}

async function succeed(client: ConsoleClient, path: string): Promise<void> {
  const { status, text } = await client.get(path);
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
}

const together = (count: number, act: () => Promise<void>) =>
  Promise.all(Array.from({ length: count }, act));

/** The measured inputs. */
export const consoleInputs: readonly ActiveMqInput[] = [
  {
    what: 'clients of the console list many queues, in XML and page by page',
    count: 10_000,
    prepare: async (broker, count) => {
      const stomp = await broker.stomp();
      for (let n = 0; n < count; n++) {
        const destination = `/queue/orders.of.department.${n}`;
        await stomp.send('SEND', { destination, persistent: 'true' }, 'x');
      }
      await stomp.call('SEND', { destination: '/queue/last', persistent: 'true' });
      const client = await loadedConsole(broker);
      return async () => {
        await together(3, () => succeed(client, '/admin/xml/queues.jsp'));
        await together(3, () => succeed(client, '/admin/api/queues?page=100'));
        await together(3, () =>
          succeed(client, '/admin/api/queues?page=20&pageSize=500&sort=size'),
        );
        await together(3, () => succeed(client, '/admin/api/queues?pageSize=500&filter=9'));
        await succeed(client, '/admin/xml/topics.jsp');
        await succeed(client, '/admin/xml/subscribers.jsp');
      };
    },
  },
  {
    what: 'clients of the console browse messages with large heads, and move them',
    count: 200,
    prepare: async (broker, count) => {
      const stomp = await broker.stomp();
      const long = 'v'.repeat(1000);
      const large = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`h${n}`, long]));
      for (let n = 0; n < count; n++) {
        const headers = { destination: '/queue/large', persistent: 'true', ...large };
        await stomp.send('SEND', headers, 'x');
      }
      await stomp.call('SEND', { destination: '/queue/last', persistent: 'true' });
      const client = await loadedConsole(broker);
      return async () => {
        await together(3, () => succeed(client, '/admin/api/queues/large/messages?count=100'));
        const form = { JMSDestination: 'large', destination: 'other' };
        const { text } = await client.act('moveMessages.action', form);
        if (JSON.parse(text).sentCount !== count) throw new Error(text);
      };
    },
  },
];
