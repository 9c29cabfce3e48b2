// Every dialog of the consoles of brokers, and whatever else people open in their pages. These walks take long.

import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ManagementHost } from '../../management/management-host.ts';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { BrokerConsolePage } from '../../support/broker-console-page.ts';
import { ConsoleClient } from '../../support/console-client.ts';
import { findBrowser } from '../../support/console-page.ts';
import { areAllKnown, isGoodToUse } from '../../support/dialogs.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { shareBrowser } from '../../support/shared-browser.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';
import { activeMqDialogs, rabbitMqDialogs } from './broker-dialogs.ts';

const found = isLong ? await findBrowser() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const password = 'a long password';

let browser: Browser;

before(async () => {
  if (typeof found === 'string') return;
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
});

test('every dialog in the sources is opened by the walks', async () => {
  await areAllKnown(rabbitMqDialogs, (path) => /^(?:rabbitmq|broker)\/|^parts\/plot/.test(path));
  await areAllKnown(activeMqDialogs, (path) => path.startsWith('activemq/'));
});

/** Creates what the pages of a RabbitMQ broker show. */
async function fill(host: ManagementHost): Promise<void> {
  const shovel = { 'src-uri': 'amqps://nowhere', 'src-queue': 'a', 'dest-uri': 'amqp://' };
  for (const [path, body] of [
    ['vhosts/shop', {}],
    ['queues/%2F/orders', { durable: true }],
    ['exchanges/%2F/letters', { type: 'topic', durable: true }],
    ['policies/%2F/short', { pattern: '^none', definition: { 'max-length': 3 } }],
    ['users/anna', { password: 'the password of anna', tags: '' }],
    ['permissions/shop/anna', { configure: '.*', write: '.*', read: '.*' }],
    ['topic-permissions/shop/anna', { exchange: 'amq.topic', write: '.*', read: '.*' }],
    ['vhost-limits/shop/max-queues', { value: 9 }],
    ['parameters/shovel/%2F/mover', { value: { ...shovel, 'dest-queue': 'b' } }],
  ] as const) {
    await host.json('PUT', `/api/${path}`, body);
  }
  await host.json('POST', '/api/bindings/%2F/e/letters/q/orders', { routing_key: 'letter.#' });
}

test('dialogs of a RabbitMQ broker are accessible in each look, and the focus comes back', {
  skip,
}, async () => {
  const host = await ManagementHost.open();
  await fill(host);
  const client = await host.connect();
  const page = await BrokerConsolePage.open(browser, host);
  await page.signIn();
  for (const opening of rabbitMqDialogs) await isGoodToUse(page, opening);
  await page.close();
  await client.close();
  await host.close();
});

test('dialogs of an ActiveMQ broker are accessible in each look, and the focus comes back', {
  skip,
}, async () => {
  const host = await ActiveMqHost.start('', [{ username: 'admin', consoleAccess: true }]);
  const port = host.portOf('console');
  const client = new ConsoleClient(port, host.authority, `admin:${password}`);
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const consumer = await StompTlsClient.connect(to, 'admin', password, {});
  await consumer.frames(1);
  await client.act('createDestination.action', {
    JMSDestination: 'prices',
    JMSDestinationType: 'topic',
  });
  const subscriber = { clientId: 'reports', subscriberName: 'daily', JMSDestination: 'prices' };
  await client.act('createSubscriber.action', { ...subscriber, selector: '' });
  const later = { AMQ_SCHEDULED_DELAY: '3600000' };
  await client.act('sendMessage.action', { JMSDestination: 'work', JMSText: 'later', ...later });
  await client.act('sendMessage.action', { JMSDestination: 'work', JMSText: 'dead' });
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/work', ack: 'client-individual' });
  const [message] = await consumer.frames(1);
  consumer.send('NACK', { id: message?.headers['ack'] ?? '' });
  await until('a dead letter', async () => {
    const queues = await client.json<{ name?: string }>('/admin/api/queues');
    return JSON.stringify(queues).includes('ActiveMQ.DLQ');
  });
  const page = await BrokerConsolePage.open(browser, { managementPort: port, brokerName: 'b1' });
  await page.signIn(`admin:${password}`);
  for (const opening of activeMqDialogs) await isGoodToUse(page, opening);
  await page.close();
  consumer.destroy();
  await host.close();
});
