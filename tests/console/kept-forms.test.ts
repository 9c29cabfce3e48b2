// What a person has typed when the session ends.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AttachUserPolicyCommand,
  CreateLoginProfileCommand,
  CreateUserCommand,
} from '@aws-sdk/client-iam';
import type { Browser } from 'playwright-core';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { isLong } from '../support/proof.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = isLong ? await findBrowser() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const password = 'correct-Horse-battery-7';

let waxwing: Waxwing;
let browser: Browser;
let brokerId = '';

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  brokerId = await waxwing.createBroker({
    ...{ EngineType: 'ACTIVEMQ', EngineVersion: '5.18', HostInstanceType: 'mq.m5.large' },
    ...{ BrokerName: 'active', Users: [{ Username: 'app', Password: password }] },
  });
  for (const UserName of ['anna', 'bert']) {
    const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
    await waxwing.iam.send(new CreateUserCommand({ UserName }));
    await waxwing.iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
    await waxwing.iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  }
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await waxwing.remove();
});

async function signIn(page: ConsolePage, name: string): Promise<void> {
  await page.field('User name').fill(name);
  await page.field('Password').fill(password);
  await page.button('Sign in').click();
  await page.button(new RegExp(`^${name}$`)).waitFor();
}

/** A page whose time can be changed, with a form that is open. */
async function withForm(): Promise<ConsolePage> {
  const page = await ConsolePage.open(browser, waxwing);
  await page.page.clock.install();
  await signIn(page, 'anna');
  await page.go(`#/brokers/${brokerId}`);
  await page.page.getByRole('tab', { name: 'Users' }).click();
  await page.button('Create user').click();
  const dialog = page.page.getByRole('dialog');
  await dialog.getByLabel('User name').fill('typed-before');
  await dialog.getByLabel('Password').fill('a secret of the form');
  return page;
}

/** Ends the session as time does. */
async function end(page: ConsolePage): Promise<void> {
  await page.page.clock.fastForward('01:01:00');
  await page.heading('Sign in').waitFor();
}

test('a form goes on once its person has signed in again, without its password', {
  skip,
}, async () => {
  const page = await withForm();
  await end(page);
  await page.page
    .getByText('What you have typed is kept until then, without passwords.')
    .filter({ visible: true })
    .waitFor();
  assert.equal(await page.page.getByRole('dialog').count(), 0);
  assert.equal(await page.page.getByText('typed-before').count(), 0);
  await page.isAccessible();
  const { values, text } = await page.page.evaluate(() => {
    const { document } = globalThis as unknown as {
      document: {
        querySelectorAll(of: string): Iterable<{ value: string }>;
        documentElement: { outerHTML: string };
      };
    };
    const values = [...document.querySelectorAll('input, textarea')].map(({ value }) => value);
    return { values, text: document.documentElement.outerHTML };
  });
  assert.ok(!values.includes('a secret of the form') && !text.includes('a secret of the form'));
  await signIn(page, 'anna');
  const dialog = page.page.getByRole('dialog', { name: 'Create user' });
  await dialog.waitFor();
  assert.equal(await dialog.getByLabel('User name').inputValue(), 'typed-before');
  assert.equal(await dialog.getByLabel('Password').inputValue(), '');
  await page.isAccessible();
  await dialog.getByLabel('Password').fill('another long password');
  await dialog.getByRole('button', { name: 'Create user' }).click();
  await page.page.getByText('The user typed-before is created by the next reboot.').waitFor();
  await page.table('Users').getByText('typed-before').waitFor();
  await page.close();
});

test('another person does not get the page, nor what was typed', { skip }, async () => {
  const page = await withForm();
  await end(page);
  await signIn(page, 'bert');
  await page.heading('active').waitFor();
  assert.equal(await page.page.getByRole('dialog').count(), 0);
  await page.page.getByRole('tab', { name: 'Users' }).click();
  await page.button('Create user').click();
  assert.equal(await page.page.getByRole('dialog').getByLabel('User name').inputValue(), '');
  await page.close();
});

test('nothing is kept if nothing was typed, or if the person signs out', { skip }, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.page.clock.install();
  await signIn(page, 'anna');
  await page.go('#/keys/new');
  await page.heading('Create a key').waitFor();
  await end(page);
  assert.equal(await page.page.getByText('What you have typed is kept').count(), 0);
  await signIn(page, 'anna');
  await page.field('Description').fill('typed');
  await page.button(/^anna$/).click();
  await page.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await signIn(page, 'anna');
  await page.go('#/keys/new');
  assert.equal(await page.field('Description').inputValue(), '');
  await page.close();
});

test('no page that shows the key of an MFA device is kept', { skip }, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.page.clock.install();
  await signIn(page, 'anna');
  await page.go('#/identity/users/bert');
  await page.button('Add MFA device').click();
  await page.page.getByRole('img', { name: 'QR code of the device' }).waitFor();
  await page.field('Second code').fill('123456');
  await end(page);
  assert.equal(await page.page.getByText('What you have typed is kept').count(), 0);
  await signIn(page, 'anna');
  await page.heading('bert').waitFor();
  assert.equal(await page.page.getByRole('dialog').count(), 0);
  await page.close();
});

test('the root user signs in with a code at the page that waits', { skip }, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.page.clock.install();
  await page.signInAsRoot();
  await page.go('#/keys/new');
  await page.field('Description').fill('of the root user');
  await end(page);
  const { folder } = waxwing;
  const { stdout } = await folder.run(['console', '--data', folder.data]);
  // As if it were entered into the address bar of this page.
  await page.page.goto(stdout.trim());
  await page.button('Continue').click();
  await page.heading('Create a key').waitFor();
  assert.equal(await page.field('Description').inputValue(), 'of the root user');
  assert.equal(page.page.url(), `${page.url}/console/#/keys/new`);
  await page.button('Create key').click();
  await page.page.getByText('The key is created.').waitFor();
  await page.close();
});
