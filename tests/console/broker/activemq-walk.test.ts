// The web console of a broker of ActiveMQ's type in Chromium: the sign-in, and a walk through its pages.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { BrokerConsolePage } from '../../support/broker-console-page.ts';
import { findBrowser } from '../../support/console-page.ts';
import { shareBrowser } from '../../support/shared-browser.ts';

const found = await findBrowser();
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const password = 'a long password';

let host: ActiveMqHost;
let browser: Browser;
let target: { managementPort: number; brokerName: string };

before(async () => {
  if (typeof found === 'string') return;
  host = await ActiveMqHost.start('', [
    { username: 'admin', consoleAccess: true },
    { username: 'app' },
  ]);
  target = { managementPort: host.portOf('console'), brokerName: 'b1' };
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await host.close();
});

test('a user with console access signs in, and creates, fills, reads and purges a queue', {
  skip,
}, async () => {
  const page = await BrokerConsolePage.open(browser, target);
  await page.enter('admin:wrong');
  await page.told('The user name or the password is wrong.');
  await page.enter(`app:${password}`);
  await page.told('This user has no access to the console.');
  await page.signIn(`admin:${password}`);
  await page.isAccessible();
  const name = '<b>&"orders"</b>';
  await page.go('Queues', 'queues');
  await page.button('Create queue').click();
  await page.field('Name').fill(name);
  await page.confirm('Create');
  await page.table('Queues').getByRole('link', { name }).click();
  await page.heading(name).waitFor();
  await page.page.getByRole('tab', { name: 'Send' }).click();
  await page.field('Text').fill('<script>alert(1)</script>');
  await page.field('Properties').fill('{"<i>": "<img src=x onerror=alert(2)>"}');
  await page.button(/^Send$/).click();
  await page.told('The message is sent.');
  await page.page.getByRole('tab', { name: 'Messages' }).click();
  await page.button('Open message 0').click();
  await page.told('<script>alert(1)</script>');
  await page.told('<i>: "<img src=x onerror=alert(2)>"');
  await page.isAccessible();
  await page.confirm('Close');
  // Invisible characters are shown by their numbers, and long texts do not make the page long.
  const turning = '\u202e'.repeat(15_000);
  await page.page.getByRole('tab', { name: 'Send' }).click();
  await page.field('Text').fill(turning);
  await page.field('Properties').fill(JSON.stringify({ a: turning, b: turning.slice(0, 300) }));
  await page.button(/^Send$/).click();
  await page.told('The message is sent.');
  await page.page.getByRole('tab', { name: 'Messages' }).click();
  const row = page.table('Queued messages').getByRole('row', { name: /Open message 1/ });
  await row.waitFor();
  // The whole text is in a dialog.
  assert.match((await row.textContent()) ?? '', /a=(?:\\u202e){50,100}… Show \d+ more characters$/);
  await page.button('Open message 1').click();
  const boxes = page.page.getByRole('dialog').locator('.console-payload');
  await boxes.nth(1).waitFor();
  const [properties = '', body = ''] = await boxes.allTextContents();
  assert.match(properties, /^a: "(?:\\u202e){256}\.{3}"\nb: "(?:\\u202e){256}\.{3}"$/);
  assert.match(body, /^(?:\\u202e){15000}$/);
  await page.isAccessible();
  await page.confirm('Close');
  // The first link leads past the navigation.
  const skipLink = page.page.getByRole('link', { name: 'Skip to the content' });
  await skipLink.focus();
  await page.page.keyboard.press('Enter');
  assert.equal(
    await page.page.locator('#console-content').evaluate((e) => e.matches(':focus')),
    true,
  );
  await page.heading(name).waitFor();
  await page.action('Purge');
  await page.confirm('Purge');
  await page.told('is purged.');
  await page.told('The queue is empty.');
  assert.equal(await page.isCutOff(), false);
  await page.close();
});
