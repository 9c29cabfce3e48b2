// Connections, policies, users, virtual hosts and definitions in the web console of a broker, in Chromium.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ManagementHost } from '../../management/management-host.ts';
import { BrokerConsolePage } from '../../support/broker-console-page.ts';
import { findBrowser } from '../../support/console-page.ts';
import { isLong } from '../../support/proof.ts';
import { shareBrowser } from '../../support/shared-browser.ts';

const found = await findBrowser();
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
/** For what takes long. */
const skipUnlessLong = isLong ? skip : 'only in long runs';

let host: ManagementHost;
let browser: Browser;
let page: BrokerConsolePage;

before(async () => {
  if (typeof found === 'string') return;
  host = await ManagementHost.open();
  browser = await shared.start();
  page = await BrokerConsolePage.open(browser, host);
  await page.signIn();
});
after(async () => {
  if (skip !== false) return;
  await page.close();
  await shared.release();
  await host.close();
});

test('a connection with its channels and consumers is shown, and closed with a reason', {
  skip,
}, async () => {
  const client = await host.connect();
  const channel = await client.model.createChannel();
  await channel.assertQueue('watched');
  await channel.prefetch(7);
  await channel.consume('watched', () => {}, { consumerTag: 'the-consumer' });
  await page.go('watched', 'queues', '/', 'watched');
  await page.page.getByRole('tab', { name: 'Consumers' }).click();
  await page.table('Consumers').getByText('the-consumer').waitFor();
  await page.table('Consumers').getByRole('link').click();
  await page.heading(/\(1\)$/).waitFor();
  await page.table('Consumers').getByText('watched').waitFor();
  await page.go('Channels', 'channels');
  await page.table('Channels').getByRole('link').waitFor();
  await page.go('Connections', 'connections');
  await page.table('Connections').getByRole('link').click();
  await page.heading(/ -> /).waitFor();
  await page.told('AMQP 0-9-1');
  await page.isAccessible();
  await page.button('Close connection').click();
  await page.field('Reason').fill('müde');
  await page.told('Only up to 200 characters of ASCII are possible.');
  await page.field('Reason').fill('enough for today');
  await page.confirm('Close connection');
  assert.match(await client.ended, /enough for today/);
  await page.told('There are no connections that you may see.');
});

test('a policy is created, changed, shown at its queue, and deleted', { skip }, async () => {
  await host.json('PUT', '/api/queues/%2F/limited', { durable: true });
  await page.go('Policies', 'policies');
  await page.button('Create policy').click();
  await page.field('Name').fill('short');
  await page.field('Pattern').fill('^limited');
  await page.field('Definition').fill('{"max-length": "many"}');
  await page.isAccessible();
  await page.confirm('Save');
  await page.told(/Validation failed/);
  await page.field('Definition').fill(JSON.stringify({ ['a'.repeat(600)]: 1 }));
  await page.confirm('Save');
  // Escape closes the dialog at the front only.
  await page.button(/^Show \d+ more characters$/).click();
  const text = page.page.getByRole('dialog', { name: 'The whole text' });
  await text.waitFor();
  await page.page.keyboard.press('Escape');
  await text.waitFor({ state: 'detached' });
  assert.equal(await page.field('Pattern').count(), 1);
  await page.field('Definition').fill('{"max-length": 3}');
  await page.confirm('Save');
  await page.told('The policy short is saved.');
  await page.button('Change short').click();
  await page.field('Definition').fill('{"max-length": 4}');
  await page.confirm('Save');
  await page.told('max-length: 4');
  await page.go('limited', 'queues', '/', 'limited');
  await page.told('max-length: 4');
  await page.go('Policies', 'policies');
  await page.button('Delete short').click();
  await page.confirm('Delete');
  await page.told('There are no policies.');
  await page.button('Create operator policy').click();
  await page.field('Name').fill('ours');
  await page.field('Pattern').fill('.*');
  await page.field('Definition').fill('{"max-length": 100}');
  await page.confirm('Save');
  await page.told('The policy ours is saved.');
  assert.equal((await host.call('GET', '/api/operator-policies/%2F/ours')).status, 200);
});

test('a user and a virtual host are created, permitted, limited and deleted', {
  skip: skipUnlessLong,
}, async () => {
  await page.go('Virtual hosts', 'vhosts');
  await page.button('Create virtual host').click();
  await page.field('Name').fill('shop');
  await page.confirm('Create');
  await page.told('The virtual host shop is created.');
  await page.go('Users', 'users');
  await page.isAccessible();
  await page.button('Create user').click();
  await page.field('Name').fill('anna');
  await page.field('New password').fill('a long password');
  await page.page.getByRole('checkbox', { name: /^monitoring/ }).check();
  await page.isAccessible();
  await page.confirm('Create');
  await page.told('The user anna is created.');
  await page.page.getByRole('link', { name: 'anna', exact: true }).click();
  await page.heading('anna').waitFor();
  await page.button('Set permissions').click();
  await page.choose('Virtual host', 'shop');
  await page.field('Write').fill('^orders');
  await page.confirm('Set permissions');
  await page.told('The permissions of anna in shop are set.');
  await page.button('Set topic permissions').click();
  await page.choose('Virtual host', 'shop');
  await page.field('Write').fill('^order\\.');
  await page.confirm('Set topic permissions');
  await page.told('The topic permissions of anna are set.');
  await page.isAccessible();
  const permission = await host.json('GET', '/api/permissions/shop/anna');
  assert.deepEqual(permission, {
    ...{ user: 'anna', vhost: 'shop' },
    ...{ configure: '.*', write: '^orders', read: '.*' },
  });
  await page.go('Limits', 'limits');
  await page.button('Set limit').first().click();
  await page.choose('Virtual host', 'shop');
  await page.field('At most').fill('9');
  await page.confirm('Set limit');
  await page.told('The limit is set.');
  await page.isAccessible();
  const limits = await host.json<unknown>('GET', '/api/vhost-limits/shop');
  assert.deepEqual(limits, [{ vhost: 'shop', value: { 'max-connections': 9 } }]);
  await page.go('anna', 'users', 'anna');
  await page.button('Delete').click();
  await page.field('Type anna to confirm').fill('anna');
  await page.confirm('Delete');
  await page.told('The user anna is deleted.');
  await page.go('shop', 'vhosts', 'shop');
  await page.isAccessible();
  await page.button('Delete').click();
  await page.field('Type shop to confirm').fill('shop');
  await page.confirm('Delete');
  await page.told('The virtual host shop is deleted.');
  assert.equal((await host.call('GET', '/api/vhosts/shop')).status, 404);
});

test('definitions are exported to a file and imported from it', { skip }, async () => {
  await host.json('PUT', '/api/queues/%2F/defined', { durable: true });
  await page.go('Definitions', 'definitions');
  const downloading = page.page.waitForEvent('download');
  await page.button('Export definitions').click();
  const path = await (await downloading).path();
  const text = await readFile(path, 'utf8');
  assert.ok(text.includes('"defined"'));
  assert.equal((await host.call('DELETE', '/api/queues/%2F/defined')).status, 204);
  const choose = async (content: string) => {
    const file = { name: 'definitions.json', mimeType: 'application/json' };
    const input = page.page.locator('input[type=file]');
    await input.setInputFiles({ ...file, buffer: Buffer.from(content) });
    await page.button('Import definitions').click();
    await page.confirm('Import');
  };
  await choose('{"queues": 7}');
  await page.page
    .getByRole('dialog')
    .getByText(/queues/)
    .waitFor();
  await page.confirm('Cancel');
  await page.button('Remove the file').click();
  await choose(text);
  await page.told('The definitions are imported.');
  assert.equal((await host.call('GET', '/api/queues/%2F/defined')).status, 200);
});

test('the console is used with the keyboard only', { skip: skipUnlessLong }, async () => {
  const other = await BrokerConsolePage.open(browser, host);
  const { keyboard } = other.page;
  await keyboard.type('admin');
  await keyboard.press('Tab');
  await keyboard.type('the password of admin');
  await keyboard.press('Enter');
  await other.heading('managed').waitFor();
  /** Moves with the Tab key until an element has the focus. */
  const tabTo = async (role: string, name: string) => {
    for (let count = 0; count < 60; count += 1) {
      await keyboard.press('Tab');
      const isThere = await other.page
        .getByRole(role as 'link', { name, exact: true })
        .evaluateAll((elements) => elements.some((each) => each.matches(':focus')));
      if (isThere) return;
    }
    assert.fail(`${role} ${name} is not reached`);
  };
  await tabTo('link', 'Queues and streams');
  await keyboard.press('Enter');
  await other.heading('Queues and streams').waitFor();
  await tabTo('button', 'Create queue');
  await keyboard.press('Enter');
  await tabTo('textbox', 'Name');
  await keyboard.type('by-keyboard');
  await tabTo('button', 'Create');
  await keyboard.press('Enter');
  await other.told('The queue by-keyboard is created.');
  await other.close();
});

/** Pages with their headings. */
const pages: readonly (readonly [heading: string, ...parts: string[]])[] = [
  ['managed', 'overview'],
  ['Connections', 'connections'],
  ['Channels', 'channels'],
  ['Exchanges', 'exchanges'],
  ['amq.topic', 'exchanges', '/', 'amq.topic'],
  ['Queues and streams', 'queues'],
  ['seen', 'queues', '/', 'seen'],
  ['Policies', 'policies'],
  ['Virtual hosts', 'vhosts'],
  ['/', 'vhosts', '/'],
  ['Users', 'users'],
  ['admin', 'users', 'admin'],
  ['Limits', 'limits'],
  ['Shovels', 'shovels'],
  ['Definitions', 'definitions'],
];

test('every page is accessible', { skip: skipUnlessLong }, async () => {
  await host.json('PUT', '/api/queues/%2F/seen', { durable: true });
  const client = await host.connect();
  await client.model.createChannel();
  for (const [heading, ...parts] of pages) {
    await page.go(heading, ...parts);
    await page.isAccessible();
    const tabs = page.page.getByRole('tab');
    for (let index = 1; index < (await tabs.count()); index += 1) {
      await tabs.nth(index).click();
      await page.isAccessible();
    }
  }
  await page.go('Channels', 'channels');
  await page.table('Channels').getByRole('link').first().click();
  await page.table('Consumers').waitFor();
  await page.isAccessible();
  await client.close();
});

test('dark colours and narrow screens are accessible, and nothing is cut off', {
  skip,
}, async () => {
  await host.json('PUT', '/api/queues/%2F/seen', { durable: true });
  const options = { colorScheme: 'dark', viewport: { width: 360, height: 740 } };
  const other = await BrokerConsolePage.open(browser, host, options);
  await other.signIn();
  for (const [heading, ...parts] of isLong ? pages : pages.slice(6, 7)) {
    await other.go(heading, ...parts);
    await other.isAccessible();
    assert.equal(await other.isCutOff(), false, heading);
  }
  await other.close();
});
