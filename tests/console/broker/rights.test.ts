// The sign-in to the web console of a broker, and what users with few rights are offered, in Chromium.

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
/** For what takes long. */
const skipUnlessLong = isLong ? skip : 'only in long runs';

let host: ManagementHost;
let browser: Browser;

before(async () => {
  if (typeof found === 'string') return;
  host = await ManagementHost.open();
  browser = await shared.start();
  for (const [name, tags] of [
    ['reader', 'management'],
    ['maker', 'policymaker'],
    ['watcher', 'monitoring'],
    ['stranger', ''],
  ] as const) {
    await host.json('PUT', `/api/users/${name}`, { password: 'pass:wörd', tags });
  }
  for (const name of ['reader', 'maker']) {
    const permission = { configure: '^$', write: '^$', read: '.*' };
    await host.json('PUT', `/api/permissions/%2F/${name}`, permission);
  }
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await host.close();
});

test('a wrong password is refused, and a right one is kept by the page only', {
  skip,
}, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  await page.isAccessible();
  await page.enter('admin:wrong');
  await page.told('The user name or the password is wrong.');
  await page.enter('stranger:pass:wörd');
  await page.told('Not management user');
  await page.signIn();
  await page.isAccessible();
  const kept = await page.page.evaluate(() => {
    const { localStorage, sessionStorage, document } = globalThis as unknown as {
      localStorage: object;
      sessionStorage: object;
      document: { cookie: string };
    };
    return JSON.stringify([localStorage, sessionStorage, document.cookie]);
  });
  assert.equal(kept, '[{},{},""]');
  await page.reload();
  await page.heading('Sign in to the broker').waitFor();
  await page.close();
});

test('a page whose code cannot be loaded says so, and can be loaded again', { skip }, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  await page.signIn();
  await page.page.route(/\/assets\/connection-list/, (route) => route.abort());
  await page.page.getByRole('link', { name: 'Connections', exact: true }).click();
  await page.heading('This page could not be shown').waitFor();
  await page.isAccessible();
  await page.page.unroute(/\/assets\/connection-list/);
  await page.button('Load the console again').click();
  await page.heading('Sign in to the broker').waitFor();
  await page.close();
});

test('who signs out must enter the password again', { skip: skipUnlessLong }, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  await page.signIn();
  await page.button(/^admin$/).click();
  await page.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.heading('Sign in to the broker').waitFor();
  await page.close();
});

test('a form goes on once the same user has signed in again, without its password', {
  skip: skipUnlessLong,
}, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  await page.page.clock.install();
  await page.signIn();
  await page.go('Users', 'users');
  await page.button('Create user').click();
  await page.field('Name').fill('typed-before');
  await page.field('New password').fill('a secret of the form');
  await page.page.clock.fastForward('01:01:00');
  await page.heading('Sign in to the broker').waitFor();
  await page.isAccessible();
  const text = await page.page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: { documentElement: { outerHTML: string } };
    };
    return document.documentElement.outerHTML;
  });
  assert.doesNotMatch(text, /a secret of the form/);
  await page.enter();
  await page.page.getByRole('dialog', { name: 'Create user' }).waitFor();
  assert.equal(await page.field('Name').inputValue(), 'typed-before');
  assert.equal(await page.field('New password').inputValue(), '');
  await page.isAccessible();
  await page.close();
});

/** The areas that the navigation offers. */
function areasOf(page: BrokerConsolePage): Promise<string[]> {
  return page.page
    .getByRole('navigation', { name: 'Navigation' })
    .getByRole('link')
    .allTextContents();
}

test('the tag management offers what the broker permits, and its refusals are shown', {
  skip,
}, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  await page.signIn('reader:pass:wörd');
  const areas = await areasOf(page);
  assert.deepEqual(
    ['Users', 'Shovels', 'Definitions'].filter((name) => areas.includes(name)),
    [],
  );
  await page.told('Rates, nodes and ports are shown to users with the tag');
  await page.go('Policies', 'policies');
  await page.told('There are no policies.');
  assert.equal(await page.button('Create policy').count(), 0);
  await page.go('Queues and streams', 'queues');
  await page.button('Create queue').click();
  await page.field('Name').fill('forbidden');
  await page.confirm('Create');
  await page.told(/configure access to queue 'forbidden' in vhost '\/' refused for user 'reader'/);
  await page.confirm('Cancel');
  // The address of a page that is not offered.
  await page.page.goto(`${page.url}/#/users`);
  await page.told('Not administrator user');
  await page.page.goto(`${page.url}/#/nothing`);
  await page.heading('There is no such page').waitFor();
  await page.isAccessible();
  await page.close();
});

test('policymakers change policies, and users who watch see all connections', {
  skip: skipUnlessLong,
}, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  await page.signIn('maker:pass:wörd');
  await page.go('Policies', 'policies');
  await page.button('Create policy').waitFor();
  assert.equal(await page.button('Create operator policy').count(), 0);
  await page.close();

  const other = await BrokerConsolePage.open(browser, host);
  await other.signIn('watcher:pass:wörd');
  await other.heading('managed').waitFor();
  await other.table('Nodes').waitFor();
  const client = await host.connect();
  await other.go('Connections', 'connections');
  await other.table('Connections').getByRole('link').first().click();
  await other.told('AMQP 0-9-1');
  assert.equal(await other.button('Close connection').count(), 0);
  await client.close();
  await other.close();
});

test('a user whose password changes must sign in again', {
  skip: skipUnlessLong,
}, async () => {
  await host.json('PUT', '/api/users/changing', { password: 'before', tags: 'monitoring' });
  const page = await BrokerConsolePage.open(browser, host);
  await page.signIn('changing:before');
  await host.json('PUT', '/api/users/changing', { password: 'after', tags: 'monitoring' });
  await page.told('The broker no longer accepts this user name and password.');
  await page.heading('Sign in to the broker').waitFor();
  await page.signIn('changing:after');
  await page.close();
});

test('only the files of the console are served, without a password', { skip }, async () => {
  const get = (path: string) => host.send('GET', path, undefined, {});
  const page = await get('/');
  assert.equal(page.status, 200);
  assert.equal(page.headers['cache-control'], 'no-store');
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; /);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.match(policy, /require-trusted-types-for 'script'; trusted-types 'none'$/);
  assert.doesNotMatch(policy, /unsafe|data:|\*|https?:/);
  assert.equal(page.headers['set-cookie'], undefined);
  const [, script = ''] = /src="(\/console\/assets\/[^"]+)"/.exec(page.text) ?? [];
  const file = await get(script);
  assert.equal(file.status, 200);
  assert.equal(file.headers['cache-control'], 'public, max-age=31536000, immutable');
  for (const path of [
    '/console/assets/',
    '/console/assets/none.js',
    '/console/assets/..%2f..%2fbin/broker.cjs',
    '/console/assets/%2e%2e/index.html',
    '/console/assets/%00',
    '/console/assets/%',
  ]) {
    assert.notEqual((await get(path)).status, 200, path);
  }
  assert.equal((await host.send('POST', '/', '{}', {})).status, 405);
  assert.equal((await get('/index.html')).status, 404);
});

test('the browser refuses text as HTML, even from the code of the page', { skip }, async () => {
  const page = await BrokerConsolePage.open(browser, host);
  const refused = await page.page.evaluate(() => {
    const { document } = globalThis as unknown as { document: { body: { innerHTML: string } } };
    try {
      document.body.innerHTML += '<img src=x onerror=alert(1)>';
      return '';
    } catch (error) {
      return String(error);
    }
  });
  assert.match(refused, /TrustedHTML/);
  const { violations } = page.problems;
  await until('the violation', () => violations.length === 1);
  violations.length = 0;
  await page.close();
});
