// The dialogs and sections of the consoles of brokers, and how tests open them.

import type { Page } from 'playwright-core';
import type { Opening } from '../../support/dialogs.ts';

/** The dialogs of the console of a RabbitMQ broker, and what unfolds. */
export const rabbitMqDialogs: readonly Opening[] = [
  {
    ...{ source: 'parts/plot.tsx', at: '#/overview' },
    ...{ prepare: showPoint, press: [], shows: /^\d+ \w+ \d{4}, / },
  },
  {
    ...{ source: 'rabbitmq/queues/create-queue.tsx', at: '#/queues' },
    ...{ press: ['Create queue'], title: 'Create queue' },
  },
  ...['Purge', 'Delete'].map((action) => ({
    ...{ source: 'rabbitmq/queues/queue-actions.tsx', at: '#/queues/%2F/orders' },
    ...{ press: ['Actions', action], title: `${action} orders` },
  })),
  {
    ...{ source: 'rabbitmq/queues/move-messages.tsx', at: '#/queues/%2F/orders' },
    ...{ press: ['Actions', 'Move messages'], title: 'Move messages of orders' },
  },
  {
    ...{ source: 'rabbitmq/exchanges/create-exchange.tsx', at: '#/exchanges' },
    ...{ press: ['Create exchange'], title: 'Create exchange' },
  },
  {
    ...{ source: 'rabbitmq/exchanges/exchange-page.tsx', at: '#/exchanges/%2F/letters' },
    ...{ press: ['Delete'], title: 'Delete letters' },
  },
  {
    ...{ source: 'rabbitmq/bindings/create-binding.tsx', at: '#/exchanges/%2F/letters' },
    ...{ tab: 'Bindings', press: ['Add binding'], title: 'Add binding' },
  },
  {
    ...{ source: 'rabbitmq/bindings/bindings.tsx', at: '#/exchanges/%2F/letters' },
    ...{ tab: 'Bindings', press: [/^Remove /], title: 'Remove letters → orders' },
  },
  {
    ...{ source: 'rabbitmq/policies/policy-form.tsx', at: '#/policies' },
    ...{ press: ['Change short'], title: 'Change short' },
  },
  {
    ...{ source: 'rabbitmq/policies/policies-page.tsx', at: '#/policies' },
    ...{ press: ['Delete short'], title: 'Delete short' },
  },
  {
    ...{ source: 'rabbitmq/connections/close-connection.tsx', at: '#/connections' },
    prepare: openFirstConnection,
    ...{ press: ['Close connection'], title: 'Close connection' },
  },
  {
    ...{ source: 'rabbitmq/admin/vhost-list.tsx', at: '#/vhosts' },
    ...{ press: ['Create virtual host'], title: 'Create virtual host' },
  },
  {
    ...{ source: 'rabbitmq/admin/vhost-page.tsx', at: '#/vhosts/shop' },
    ...{ press: ['Delete'], title: 'Delete shop' },
  },
  {
    ...{ source: 'rabbitmq/admin/permission-form.tsx', at: '#/users/anna' },
    ...{ press: ['Set permissions'], title: 'Set permissions' },
  },
  {
    ...{ source: 'rabbitmq/admin/permission-table.tsx', at: '#/users/anna' },
    press: ['Clear permissions of anna in shop'],
    title: 'Clear permissions of anna',
  },
  {
    ...{ source: 'rabbitmq/admin/topic-permission-table.tsx', at: '#/users/anna' },
    ...{ press: ['Set topic permissions'], title: 'Set topic permissions' },
  },
  {
    ...{ source: 'rabbitmq/admin/topic-permission-table.tsx', at: '#/users/anna' },
    press: ['Clear topic permissions for amq.topic'],
    title: 'Clear topic permissions for amq.topic',
  },
  {
    ...{ source: 'rabbitmq/admin/user-form.tsx', at: '#/users' },
    ...{ press: ['Create user'], title: 'Create user' },
  },
  {
    ...{ source: 'rabbitmq/admin/user-form.tsx', at: '#/users/anna' },
    ...{ press: ['Password and tags'], title: 'Change anna' },
  },
  {
    ...{ source: 'rabbitmq/admin/user-page.tsx', at: '#/users/anna' },
    ...{ press: ['Delete'], title: 'Delete anna' },
  },
  {
    ...{ source: 'rabbitmq/admin/limits-page.tsx', at: '#/limits' },
    ...{ press: ['Set limit'], title: 'Set limit' },
  },
  {
    ...{ source: 'rabbitmq/admin/limits-page.tsx', at: '#/limits' },
    ...{ press: [/^Clear limit of shop/], title: 'Clear limit of shop' },
  },
  {
    ...{ source: 'rabbitmq/admin/shovel-list.tsx', at: '#/shovels' },
    ...{ press: ['Delete mover'], title: 'Delete mover' },
  },
  {
    ...{ source: 'rabbitmq/admin/definitions-page.tsx', at: '#/definitions' },
    prepare: chooseDefinitions,
    ...{ press: ['Import definitions'], title: 'Import definitions' },
  },
];

/** The dialogs of the console of an ActiveMQ broker, and what unfolds. */
export const activeMqDialogs: readonly Opening[] = [
  {
    ...{ source: 'activemq/parts/create-destination.tsx', at: '#/queues' },
    ...{ press: ['Create queue'], title: 'Create queue' },
  },
  {
    ...{ source: 'activemq/parts/create-destination.tsx', at: '#/topics' },
    ...{ press: ['Create topic'], title: 'Create topic' },
  },
  ...[
    ['Purge', 'Purge ActiveMQ.DLQ'],
    ['Delete', 'Delete ActiveMQ.DLQ'],
    ['Move messages', 'Move messages of ActiveMQ.DLQ'],
    ['Retry messages', 'Retry messages of ActiveMQ.DLQ'],
  ].map(([item = '', title = '']) => ({
    ...{ source: 'activemq/queues/queue-actions.tsx', at: '#/queues/ActiveMQ.DLQ' },
    ...{ press: ['Actions', item], title },
  })),
  {
    ...{ source: 'activemq/messages/message-table.tsx', at: '#/queues/ActiveMQ.DLQ' },
    ...{ tab: 'Messages', press: [/^Open message/], title: /^Message \d/ },
  },
  ...['Move', 'Copy', 'Retry', 'Delete'].map((action) => ({
    ...{ source: 'activemq/messages/message-actions.tsx', at: '#/queues/ActiveMQ.DLQ' },
    ...{ tab: 'Messages', press: [/^Open message/, action] },
    title: new RegExp(`^${action} message \\d`),
  })),
  ...[
    ['Header fields', 'Correlation ID'],
    ['Schedule', 'Delay, milliseconds'],
  ].map(([name = '', shows = '']) => ({
    ...{ source: 'activemq/messages/send-form.tsx', at: '#/queues/ActiveMQ.DLQ' },
    ...{ tab: 'Send', press: [name], shows },
  })),
  {
    ...{ source: 'activemq/topics/topic-page.tsx', at: '#/topics/prices' },
    ...{ press: ['Delete'], title: 'Delete prices' },
  },
  {
    ...{ source: 'activemq/subscribers/create-subscriber.tsx', at: '#/subscribers' },
    ...{ press: ['Create subscriber'], title: /[Ss]ubscriber/ },
  },
  {
    ...{ source: 'activemq/subscribers/subscriber-list.tsx', at: '#/subscribers' },
    ...{ press: ['Delete daily'], title: 'Delete daily' },
  },
  {
    ...{ source: 'activemq/scheduled/scheduled-list.tsx', at: '#/scheduled' },
    ...{ press: [/^Delete ID:/], title: /^Delete ID:/ },
  },
  {
    ...{ source: 'activemq/connections/connection-page.tsx', at: '#/connections' },
    prepare: openFirstConnection,
    ...{ press: ['Close connection'], title: /^Close connection/ },
  },
];

/** Shows the values of one time of a plot. */
async function showPoint(page: Page): Promise<void> {
  const plot = page.getByRole('application').first();
  await plot.focus();
  await plot.press('ArrowRight');
}

async function openFirstConnection(page: Page): Promise<void> {
  const table = page.getByRole('table', { name: 'Connections' });
  await table
    .or(page.getByRole('grid', { name: 'Connections' }))
    .getByRole('link')
    .first()
    .click();
}

async function chooseDefinitions(page: Page): Promise<void> {
  const file = { name: 'definitions.json', mimeType: 'application/json' };
  const buffer = Buffer.from('{"queues": []}');
  await page.locator('input[type=file]').setInputFiles({ ...file, buffer });
}
