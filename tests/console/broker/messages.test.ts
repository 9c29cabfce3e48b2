// Queues, messages, exchanges and bindings in the web console of a broker, in Chromium.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ManagementHost } from '../../management/management-host.ts';
import { BrokerConsolePage } from '../../support/broker-console-page.ts';
import { findBrowser } from '../../support/console-page.ts';
import { until } from '../../support/processes.ts';
import { isLong } from '../../support/proof.ts';
import { shareBrowser } from '../../support/shared-browser.ts';

const found = await findBrowser();
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);

let host: ManagementHost;
let browser: Browser;
let page: BrokerConsolePage;
/** Larger numbers in long runs. */
const queueCount = isLong ? 10_000 : 120;
/** A text that would run if it were taken for HTML, and one that turns around what follows. */
const hostile = '<img src=x onerror="document.title=1">\u202e<script>';
/** How it is shown. */
const escaped = hostile.replace('\u202e', '\\u202e');

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

test('queues are filtered, sorted and listed a page at a time by the broker', {
  skip,
}, async () => {
  const queues = Array.from({ length: queueCount }, (_, number) => ({
    name: `many.${number}`,
    vhost: '/',
    durable: true,
    auto_delete: false,
    arguments: {},
  }));
  assert.equal((await host.call('POST', '/api/definitions', { queues })).status, 204);
  const sizes: number[] = [];
  page.page.on('response', (response) => {
    if (!/\/api\/queues\?/.test(response.url())) return;
    const read = response.json().then(({ items }) => sizes.push(items.length));
    read.catch(() => {}); // the page was left meanwhile
  });
  await page.go('Queues and streams', 'queues');
  const table = page.table('Queues and streams');
  const names = () => table.getByRole('rowheader').allTextContents();
  await page.told(`(${new Intl.NumberFormat('en').format(queueCount)})`);
  await page.isAccessible();
  assert.equal((await names()).length, 50);
  await page.button('Next page').click();
  await until('the second page', async () => !(await names()).includes('many.0'));
  await page.field('Find queues and streams').fill('MANY.7');
  await until('only these queues', async () =>
    (await names()).every((name) => name.startsWith('many.7')),
  );
  await page.page.getByRole('checkbox', { name: 'Regular expression' }).check();
  await page.field('Find queues and streams').fill('^many\\.1.$');
  await page.told(`(10 of ${new Intl.NumberFormat('en').format(queueCount)})`);
  await page.field('Find queues and streams').fill('(');
  await page.told('Pagination parameters are invalid');
  await page.field('Find queues and streams').fill('^many\\.1.$');
  const header = table.getByRole('columnheader', { name: 'Name' });
  await header.getByRole('button').first().click();
  // The names may be in this order before the click, and a second one must find what the first one did.
  await until('ascending', async () => (await header.getAttribute('aria-sort')) === 'ascending');
  await until('upwards', async () => (await names())[0] === 'many.10');
  await header.getByRole('button').first().click();
  await until('downwards', async () => (await names())[0] === 'many.19');
  assert.ok(sizes.length > 4 && sizes.every((size) => size <= 50), String(sizes));
});

test('a queue is created, and messages are published, got, purged and moved', {
  skip,
}, async () => {
  await page.go('Queues and streams', 'queues');
  await page.button('Create queue').click();
  await page.field('Name').fill('orders');
  await page.field('Arguments').fill('["x-max-length"]');
  await page.confirm('Create');
  await page.told('The arguments must be a JSON object');
  await page.field('Arguments').fill('{"x-max-length": 5}');
  await page.confirm('Create');
  await page.told('The queue orders is created.');
  await page.go('orders', 'queues', '/', 'orders');
  await page.told('x-max-length: 5');

  await page.page.getByRole('tab', { name: 'Publish' }).click();
  await page.field('Properties').fill('{"content_type": "text/plain", "headers": {"kind": "new"}}');
  for (const payload of ['first', 'second', hostile]) {
    await page.field('Payload').fill(payload);
    await page.button('Publish').click();
    await page.told('The message was published.');
    const count = await host.json('GET', '/api/queues/%2F/orders');
    assert.ok(Number(count['messages']) > 0);
  }
  await page.field('Properties').fill('{');
  await page.button('Publish').click();
  await page.told('The properties is not JSON');

  await page.page.getByRole('tab', { name: 'Get messages' }).click();
  await page.field('Number of messages').fill('3');
  await page.button('Get messages').click();
  await page.heading('orders').waitFor();
  const payloads = page.page.locator('.console-payload');
  await until('three messages', async () => (await payloads.count()) === 3);
  assert.deepEqual(await payloads.allTextContents(), ['first', 'second', escaped]);
  await page.told('content_type: "text/plain"');
  await page.isAccessible();
  assert.equal((await host.json('GET', '/api/queues/%2F/orders'))['messages_ready'], 3);
  await page.choose('Afterwards', /^Remove it/);
  await page.field('Number of messages').fill('1');
  await page.button('Get messages').click();
  await until('one message', async () => (await payloads.count()) === 1);
  assert.equal((await host.json('GET', '/api/queues/%2F/orders'))['messages_ready'], 2);

  await page.action('Move messages');
  await page.field('To the queue').fill('others');
  await page.confirm('Move');
  await page.told('The messages of orders are being moved to others.');
  await until('the messages are moved', async () => {
    const { status, text } = await host.call('GET', '/api/queues/%2F/others');
    return status === 200 && JSON.parse(text).messages_ready === 2;
  });

  await page.go('others', 'queues', '/', 'others');
  await page.action('Purge');
  await page.confirm('Purge');
  await page.told('The queue others is purged.');
  assert.equal((await host.json('GET', '/api/queues/%2F/others'))['messages'], 0);
  await page.action('Delete');
  await page.field('Type others to confirm').fill('others');
  await page.confirm('Delete');
  await page.told('The queue others is deleted.');
  await page.heading('Queues and streams').waitFor();
  assert.equal((await host.call('GET', '/api/queues/%2F/others')).status, 404);
});

test('large payloads and headers of invisible characters are shown as such in boxes that scroll', {
  skip,
}, async () => {
  const turning = '\u202e'.repeat(20_000);
  await host.json('PUT', '/api/queues/%2F/large', { durable: true });
  for (let count = 0; count < 10; count += 1) {
    const answer = await host.json('POST', '/api/exchanges/%2F/amq.default/publish', {
      routing_key: 'large',
      payload: `${turning}end`,
      payload_encoding: 'string',
      properties: { headers: { [hostile]: turning } },
    });
    assert.equal(answer['routed'], true);
  }
  await page.go('large', 'queues', '/', 'large');
  await page.page.getByRole('tab', { name: 'Get messages' }).click();
  await page.field('Number of messages').fill('10');
  await page.button('Get messages').click();
  const boxes = page.page.locator('.console-payload');
  await until('the boxes', async () => (await boxes.count()) === 20);
  const [headers = '', payload = ''] = await boxes.allTextContents();
  // The end is missing, within a character.
  assert.match(payload, /^(?:\\u202e){16666}$/);
  assert.match(headers, /^headers: .*\(and \d+ more characters\)$/);
  assert.doesNotMatch(headers + payload, /\u202e/);
  await page.isAccessible();
  assert.equal(await page.isCutOff(), false);
});

test('long texts of invisible characters are short in their place, and whole in a dialog', {
  skip,
}, async () => {
  const long = `${'\u202e'.repeat(5000)}end`;
  await host.json('PUT', '/api/queues/%2F/wordy', { durable: true, arguments: { 'x-note': long } });
  await host.json('POST', '/api/bindings/%2F/e/amq.headers/q/wordy', {
    arguments: { note: long },
  });
  const definition = { 'max-length': 3, 'dead-letter-routing-key': long.slice(0, 80) };
  await host.json('PUT', '/api/policies/%2F/wordy', { pattern: '^wordy', definition });
  for (const [heading, parts, tab] of [
    ['wordy', ['queues', '/', 'wordy'], 'Bindings'],
    ['Policies', ['policies'], undefined],
    ['amq.headers', ['exchanges', '/', 'amq.headers'], 'Bindings'],
  ] as const) {
    await page.go(heading, ...parts);
    if (tab !== undefined) await page.page.getByRole('tab', { name: tab }).click();
    await page.told(/(?:\\u202e){9}/);
    for (const width of [320, 1280]) {
      await page.page.setViewportSize({ width, height: 800 });
      // The layout follows the window a moment later.
      await until(`${heading} fits into ${width}`, async () => !(await page.isCutOff()));
      await page.isAccessible();
    }
    const text = (await page.page.locator('body').textContent()) ?? '';
    assert.doesNotMatch(text, /\u202e/);
    // The details of the queue show up to 20,000 characters in a box that scrolls.
    if (heading !== 'wordy') assert.ok(text.length < 20_000, `${heading}: ${text.length}`);
  }
  await page
    .button(/^Show \d+ more characters$/)
    .first()
    .click();
  const dialog = page.page.getByRole('dialog', { name: 'The whole text' });
  assert.match((await dialog.locator('pre').textContent()) ?? '', /^note: "(?:\\u202e){5000}end"$/);
  await page.isAccessible();
  await page.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('an exchange is created and bound, its bindings are drawn, and it is deleted', {
  skip,
}, async () => {
  await host.json('PUT', `/api/queues/%2F/${encodeURIComponent(hostile)}`, { durable: true });
  await page.go('Exchanges', 'exchanges');
  await page.button('Create exchange').click();
  await page.field('Name').fill('letters');
  await page.choose('Type', /^topic/);
  await page.confirm('Create');
  await page.told('The exchange letters is created.');
  await page.go('letters', 'exchanges', '/', 'letters');
  await page.page.getByRole('tab', { name: 'Bindings' }).click();
  await page.button('Add binding').click();
  await page.field('Queue').fill(hostile);
  await page.field('Routing key').fill('letter.#');
  await page.confirm('Add');
  await page.told('The binding is added.');
  const picture = page.page.getByRole('region', { name: 'Bindings of letters' });
  await picture.getByRole('link', { name: /^queue <img src=x/ }).waitFor();
  await picture.getByText('letter.#').waitFor();
  // The character that turns around what follows is shown by its number.
  await page.told('\\u202e<script>');
  await page.isAccessible();
  await page.page.getByRole('tab', { name: 'Publish' }).click();
  await page.field('Routing key').fill('parcel');
  await page.button('Publish').click();
  await page.told('no queue has taken it');
  await page.field('Routing key').fill('letter.a');
  await page.button('Publish').click();
  await page.told('The message was published.');
  await page.page.getByRole('tab', { name: 'Bindings' }).click();
  await page.button('Remove').click();
  await page.confirm('Remove');
  await page.told('No queue or exchange is bound to this exchange.');
  await page.button('Delete').click();
  await page.confirm('Delete');
  await page.heading('Exchanges').waitFor();
  assert.equal((await host.call('GET', '/api/exchanges/%2F/letters')).status, 404);
  assert.equal(await page.page.title(), 'Exchanges – Waxwing');
});

test('an object whose name a browser would change is shown, and never taken for another', {
  skip,
}, async () => {
  await host.json('POST', '/api/definitions', {
    queues: ['..', '.', ' a  b '].map((name) => ({
      name,
      vhost: '/',
      durable: true,
      auto_delete: false,
      arguments: {},
    })),
  });
  await page.go('Queues and streams', 'queues');
  await page.page.getByRole('checkbox', { name: 'Regular expression' }).check();
  await page.field('Find queues and streams').fill('^[.]+$');
  const table = page.table('Queues and streams');
  await until('both queues', async () => {
    const names = await table.getByRole('rowheader').allTextContents();
    return names.join(' ') === '. ..';
  });
  assert.equal(await table.getByRole('link').count(), 0);
  // Spaces that a page leaves out would make it look like `a b`.
  await page.field('Find queues and streams').fill('^ a');
  await table.getByRole('link', { name: '\\u0020a \\u0020b\\u0020', exact: true }).click();
  await page.heading('\\u0020a \\u0020b\\u0020').waitFor();
  await page.button('Actions').waitFor();
  // Somebody deletes it: nothing is offered any more.
  await host.call('DELETE', `/api/queues/%2F/${encodeURIComponent(' a  b ')}`);
  await page.told('Object Not Found');
  await page.button('Actions').waitFor({ state: 'detached' });
  await page.page.goto(`${page.url}/#/queues/%2F/..`);
  await page.told('A browser cannot ask for an object with this name.');
});
