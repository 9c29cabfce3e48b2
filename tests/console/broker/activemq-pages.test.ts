// All pages of the web console of a broker of ActiveMQ's type in Chromium. These walks take long.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { BrokerConsolePage } from '../../support/broker-console-page.ts';
import { ConsoleClient } from '../../support/console-client.ts';
import { findBrowser } from '../../support/console-page.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { shareBrowser } from '../../support/shared-browser.ts';
import { StompTlsClient } from '../../support/stomp-tls-client.ts';

const found = isLong ? await findBrowser() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const password = 'a long password';
/** A folder for pictures of the pages, for people; without it, none are made. */
const { WAXWING_TEST_PICTURES: pictures } = process.env;

const entry = (attributes: string) => `<authorizationEntry ${attributes}/>`;
const configuration =
  '<plugins><authorizationPlugin><map><authorizationMap><authorizationEntries>' +
  entry('queue="&gt;" read="admins" write="admins" admin="admins"') +
  entry('topic="&gt;" read="admins" write="admins" admin="admins"') +
  '</authorizationEntries></authorizationMap></map></authorizationPlugin></plugins>';

let host: ActiveMqHost;
let browser: Browser;
let client: ConsoleClient;

before(async () => {
  if (typeof found === 'string') return;
  host = await ActiveMqHost.start(configuration, [
    { username: 'admin', groups: ['admins'], consoleAccess: true },
    { username: 'guest', groups: [], consoleAccess: true },
  ]);
  client = new ConsoleClient(host.portOf('console'), host.authority, `admin:${password}`);
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await host.close();
});

async function opened(user = 'admin', options: object = {}): Promise<BrokerConsolePage> {
  const target = { managementPort: host.portOf('console'), brokerName: 'b1' };
  const page = await BrokerConsolePage.open(browser, target, options);
  await page.signIn(`${user}:${password}`);
  return page;
}

async function picture({ page }: BrokerConsolePage, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Requires that a page is accessible and not cut off. */
async function isFine(page: BrokerConsolePage, name: string): Promise<void> {
  await page.isAccessible();
  assert.equal(await page.isCutOff(), false, name);
  await picture(page, name);
}

async function stomp(headers: Record<string, string> = {}): Promise<StompTlsClient> {
  const to = { port: host.portOf('stomp+ssl'), ca: host.authority };
  const made = await StompTlsClient.connect(to, 'admin', password, headers);
  await made.frames(1);
  return made;
}

async function act(action: string, form: Record<string, string>): Promise<void> {
  const { status, text } = await client.act(`${action}.action`, form);
  assert.equal(status, 200, text);
}

/** Opens one of the messages of the queue of the page. */
async function openMessage(page: BrokerConsolePage, sequence: number): Promise<void> {
  await page.page.getByRole('tab', { name: 'Messages' }).click();
  await page.button(`Open message ${sequence}`).click();
}

test('messages are moved, copied and deleted, one and all', { skip }, async () => {
  for (const JMSText of ['first', 'second', 'third']) {
    await act('sendMessage', { JMSDestination: 'source', JMSText });
  }
  const page = await opened();
  await page.go('source', 'queues', 'source');
  await isFine(page, 'queue');
  await openMessage(page, 1);
  await page.told('second');
  await isFine(page, 'message');
  await page.confirm('Copy');
  await page.field('To the queue').fill('copies');
  await isFine(page, 'copy');
  await page.confirm('Copy');
  await page.told('The message is sent.');
  await openMessage(page, 0);
  await page.confirm('Delete');
  await page.confirm('Delete');
  await page.told('The message 0 is deleted.');
  await openMessage(page, 2);
  await page.confirm('Move');
  await page.field('To the queue').fill('copies');
  await page.confirm('Move');
  await page.button('Open message 2').waitFor({ state: 'detached' });
  await page.action('Move messages');
  await page.field('To the queue').fill('copies');
  await page.confirm('Move');
  await page.told('1 messages are sent.');
  await page.go('copies', 'queues', 'copies');
  await page.page.getByRole('tab', { name: 'Messages' }).click();
  for (const n of [0, 1, 2]) await page.button(`Open message ${n}`).waitFor();
  await page.action('Delete');
  await page.field('Type copies to confirm').fill('copies');
  await page.confirm('Delete');
  await page.told('The queue copies is deleted.');
  await page.heading('Queues').waitFor();
  await page.close();
});

test('dead letters are retried, one and all', { skip }, async () => {
  for (const JMSText of ['one', 'two', 'three']) {
    await act('sendMessage', { JMSDestination: 'work', JMSText });
  }
  const consumer = await stomp();
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/work', ack: 'client-individual' });
  for (const { headers } of await consumer.frames(3)) {
    consumer.send('NACK', { id: headers['ack'] ?? '' });
  }
  const sizeOf = async (queue: string) =>
    (await client.json<{ size: number }>(`/admin/api/queues/${queue}`)).size;
  await until('they are dead', async () => (await sizeOf('ActiveMQ.DLQ')) === 3);
  consumer.destroy();
  const page = await opened();
  await page.go('Dead letters', 'dead-letters');
  await isFine(page, 'dead-letters');
  await page.table('Dead letters').getByRole('link', { name: 'ActiveMQ.DLQ' }).click();
  await page.heading('ActiveMQ.DLQ').waitFor();
  await openMessage(page, 1);
  await page.told('two');
  await page.confirm('Retry');
  await page.confirm('Retry');
  await page.told('The message is sent.');
  assert.deepEqual([await sizeOf('ActiveMQ.DLQ'), await sizeOf('work')], [2, 1]);
  await page.action('Retry messages');
  await page.confirm('Retry');
  await page.told('2 messages are sent.');
  assert.deepEqual([await sizeOf('ActiveMQ.DLQ'), await sizeOf('work')], [0, 3]);
  await page.close();
});

test('topics with their consumers, and durable subscribers', { skip }, async () => {
  const page = await opened();
  await page.go('Topics', 'topics');
  await page.button('Create topic').click();
  await page.field('Name').fill('prices');
  await isFine(page, 'create-topic');
  await page.confirm('Create');
  await page.table('Topics').getByRole('link', { name: 'prices' }).waitFor();
  await page.go('Durable subscribers', 'subscribers');
  await page.button('Create subscriber').click();
  await page.field('Client ID').fill('reports');
  await page.field('Subscriber name').fill('daily');
  await page.field('Topic').fill('prices');
  await page.field('Selector').fill("region = 'eu'");
  await isFine(page, 'create-subscriber');
  await page.confirm('Create');
  await page.table('Durable subscribers').getByText('daily').waitFor();
  await isFine(page, 'subscribers');
  const consumer = await stomp();
  consumer.send('SUBSCRIBE', { id: 's', destination: '/topic/prices', receipt: 'r' });
  await consumer.frames(1);
  await page.go('prices', 'topics', 'prices');
  await page.told('Messages that wait');
  await page.page.getByRole('tab', { name: 'Consumers' }).click();
  await page.table('Consumers').getByText('topic://prices').first().waitFor();
  await isFine(page, 'topic-consumers');
  await page.page.getByRole('tab', { name: 'Send' }).click();
  await page.field('Text').fill('4.20');
  await page.field('Properties').fill('{"region": "eu"}');
  await page.button(/^Send$/).click();
  await page.told('The message is sent.');
  const [frame] = await consumer.frames(1);
  assert.equal(frame?.body, '4.20');
  consumer.destroy();
  await page.go('Durable subscribers', 'subscribers');
  // The list is read again when it is opened.
  const row = page.table('Durable subscribers').getByRole('row').filter({ hasText: 'daily' });
  await row.getByRole('gridcell', { name: '1', exact: true }).first().waitFor();
  await page.button('Delete daily').click();
  await page.told('with all of its pending messages');
  await page.confirm('Delete');
  await page.told('The subscriber daily is deleted.');
  await page.go('prices', 'topics', 'prices');
  await page.button(/^Delete$/).click();
  await page.confirm('Delete');
  await page.told('The topic prices is deleted.');
  await page.close();
});

test('scheduled messages are sent, listed and deleted', { skip }, async () => {
  const page = await opened();
  await act('createDestination', { JMSDestination: 'later' });
  await page.go('later', 'queues', 'later');
  await page.page.getByRole('tab', { name: 'Send' }).click();
  await page.field('Text').fill('in an hour');
  await page.button('Schedule').click();
  await page.field('Delay, milliseconds').fill('3600000');
  await page.button('Header fields').click();
  await page.field('Correlation ID').fill('c-1');
  await isFine(page, 'send');
  await page.button(/^Send$/).click();
  await page.told('The message is scheduled.');
  await page.go('Scheduled messages', 'scheduled');
  await page.table('Scheduled messages').getByText('queue://later').waitFor();
  await isFine(page, 'scheduled');
  await page.button(/^Delete ID:schedule:/).click();
  await page.confirm('Delete');
  await page.told('There are no scheduled messages here.');
  await page.close();
});

test('connections with their consumers are shown and closed', { skip }, async () => {
  const consumer = await stomp({ 'client-id': 'watcher <b>' });
  consumer.send('SUBSCRIBE', { id: 's', destination: '/queue/watched', receipt: 'r' });
  await consumer.frames(1);
  const page = await opened();
  await page.go('Subscriptions', 'consumers');
  await page.table('Subscriptions').getByText('queue://watched').waitFor();
  await isFine(page, 'consumers');
  await page.go('Connections', 'connections');
  await page.table('Connections').getByText('watcher <b>').waitFor();
  await isFine(page, 'connections');
  await page.table('Connections').getByRole('link').first().click();
  await page.told('STOMP');
  await page.table('Consumers').getByText('queue://watched').waitFor();
  await isFine(page, 'connection');
  await page.button('Close connection').click();
  await page.confirm('Close connection');
  await page.told(/^The connection .* is closed\.$/);
  await page.heading('Connections').waitFor();
  consumer.destroy();
  await page.close();
});

test('what the authorisation map refuses is told in the words of the broker', {
  skip,
}, async () => {
  await act('sendMessage', { JMSDestination: 'private', JMSText: 'canary' });
  const page = await opened('guest');
  await page.go('private', 'queues', 'private');
  await page.page.getByRole('tab', { name: 'Messages' }).click();
  await page.told('User guest is not authorized to read from: queue://private');
  await page.action('Purge');
  await page.confirm('Purge');
  await page.told('User guest is not authorized to remove: queue://private');
  await page.confirm('Cancel');
  await page.go('Queues', 'queues');
  await page.button('Create queue').click();
  await page.field('Name').fill('x');
  await page.confirm('Create');
  await page.told('User guest is not authorized to create: queue://x');
  await page.confirm('Cancel');
  assert.equal(await page.page.getByText('canary').count(), 0);
  await page.close();
});

test('a page that has the secret of before a restart reads the new one', { skip }, async () => {
  const target = { managementPort: host.portOf('console'), brokerName: 'b1' };
  const page = await BrokerConsolePage.open(browser, target);
  const answer = { user: 'admin', secret: 'of before the restart' };
  await page.page.route('**/admin/api/session', (route) => route.fulfill({ json: answer }), {
    times: 1,
  });
  await page.signIn(`admin:${password}`);
  await page.go('Queues', 'queues');
  await page.button('Create queue').click();
  await page.field('Name').fill('after the restart');
  await page.confirm('Create');
  await page.told('The queue after the restart is created.');
  await page.close();
});

test('10,000 queues are found, sorted and paged by the broker', { skip }, async () => {
  const many = await stomp();
  for (let n = 0; n < 10_000; n++) {
    const receipt = n % 500 === 499 ? { receipt: `r${n}` } : {};
    const persistent = { persistent: 'true' };
    many.send('SEND', { destination: `/queue/many.${n}`, ...persistent, ...receipt }, 'x');
    if (n % 500 === 499) await many.frames(1);
  }
  for (let n = 0; n < 5; n++) await act('sendMessage', { JMSDestination: 'many.4321' });
  const page = await opened();
  await page.go('Queues', 'queues');
  await page.heading(/\(10,0\d\d\)$/).waitFor();
  const rows = page.table('Queues').getByRole('row');
  assert.ok((await rows.count()) <= 51);
  const header = page.table('Queues').getByRole('columnheader', { name: 'Messages' });
  for (let n = 0; n < 2; n++) await header.getByRole('button').first().click();
  await until('the longest one is the first one', async () =>
    (await rows.nth(1).textContent())?.startsWith('many.4321'),
  );
  await page.field('Find queues').fill('MANY.77');
  await page.heading(/\(111 of 10,0\d\d\)$/).waitFor();
  await page.button('Next page').click();
  await page.table('Queues').getByRole('link').first().waitFor();
  await isFine(page, 'many-queues');
  await page.close();
  many.destroy();
});

test('narrow and dark pages are accessible', { skip }, async () => {
  const narrow = { viewport: { width: 360, height: 740 }, colorScheme: 'dark' };
  const page = await opened('admin', narrow);
  await isFine(page, 'narrow-overview');
  for (const [heading, ...parts] of [
    ['Queues', 'queues'],
    ['source', 'queues', 'source'],
    ['Topics', 'topics'],
    ['Durable subscribers', 'subscribers'],
    ['Subscriptions', 'consumers'],
    ['Scheduled messages', 'scheduled'],
    ['Dead letters', 'dead-letters'],
    ['Connections', 'connections'],
  ] as const) {
    await page.go(heading, ...parts);
    await isFine(page, `narrow-${parts.join('-')}`);
  }
  await page.close();
});

test('a queue is created and deleted with the keyboard alone', { skip }, async () => {
  const page = await BrokerConsolePage.open(browser, {
    managementPort: host.portOf('console'),
    brokerName: 'b1',
  });
  const { keyboard } = page.page;
  await keyboard.type('admin');
  await keyboard.press('Tab');
  await keyboard.type(password);
  await keyboard.press('Enter');
  await page.heading('b1').waitFor();
  await picture(page, 'overview');
  await page.go('Queues', 'queues');
  await page.button('Create queue').focus();
  await keyboard.press('Enter');
  await page.field('Name').focus();
  await keyboard.type('by keyboard');
  await page.page.getByRole('dialog').getByRole('button', { name: 'Create' }).focus();
  await keyboard.press('Enter');
  await page.told('The queue by keyboard is created.');
  await page.go('by keyboard', 'queues', 'by keyboard');
  await page.button('Actions').focus();
  await keyboard.press('Enter');
  for (let n = 0; n < 2; n++) await keyboard.press('ArrowDown');
  await keyboard.press('Enter');
  await page.field('Type by keyboard to confirm').focus();
  await keyboard.type('by keyboard');
  await page.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).focus();
  await keyboard.press('Enter');
  await page.told('The queue by keyboard is deleted.');
  await page.close();
});
