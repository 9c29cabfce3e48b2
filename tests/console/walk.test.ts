// Every page of the console in every look, and what happens to a page while it is open. These walks take
// long.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AddUserToGroupCommand,
  CreateGroupCommand,
  CreateRoleCommand,
  CreateUserCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import { DeleteBrokerCommand } from '@aws-sdk/client-mq';
import type { Browser } from 'playwright-core';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = isLong ? await findBrowser() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);

let waxwing: Waxwing;
let browser: Browser;
let keyArn = '';
/** Characters that turn text around, which no page may contain as they are. */
const turning = '\u202e\u2066';
const activeMq = { EngineType: 'ACTIVEMQ', EngineVersion: '5.18', HostInstanceType: 'mq.m5.large' };
let ids: { readonly rabbit: string; readonly first: string; readonly second: string };

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const Description = `<b>${turning}${'x'.repeat(4000)}`;
  const { KeyMetadata } = await waxwing.kms.send(new CreateKeyCommand({ Description }));
  keyArn = KeyMetadata?.Arn ?? '';
  const EncryptionOptions = { UseAwsOwnedKey: false, KmsKeyId: keyArn };
  const [rabbit = '', first = '', second = ''] = [
    await waxwing.createBroker({
      ...{ BrokerName: 'rabbit', EncryptionOptions, Logs: { General: true } },
      Tags: { long: 'v'.repeat(256) },
    }),
    await waxwing.createBroker({ ...activeMq, BrokerName: 'first', EncryptionOptions } as object),
    await waxwing.createBroker({ ...activeMq, BrokerName: 'second', EncryptionOptions } as object),
  ];
  ids = { rabbit, first, second };
  await createIdentities();
  const client = await waxwing.connect(await waxwing.brokerUrl(rabbit));
  await client.close();
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await waxwing.remove();
});

/** A user, a group and a role, each with a page. */
async function createIdentities(): Promise<void> {
  const { iam } = waxwing;
  const [UserName, GroupName] = ['anna', 'auditors'];
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateGroupCommand({ GroupName }));
  await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
  const Statement = { Effect: 'Allow', Principal: { AWS: User?.Arn }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
}

function signedIn(options: object = {}): Promise<ConsolePage> {
  return ConsolePage.openAsRoot(browser, waxwing, options);
}

/** The addresses of all pages, and the tabs of those that have some. */
function allPages(): readonly (readonly [hash: string, ...tabs: string[]])[] {
  const log = encodeURIComponent(`/aws/amazonmq/broker/${ids.rabbit}/connection`);
  return [
    ['#/brokers'],
    ['#/brokers/new'],
    [`#/brokers/${ids.rabbit}`, 'Users', 'Configuration', 'Tags'],
    [`#/brokers/${ids.first}`, 'Users', 'Configuration', 'Tags'],
    [`#/brokers/${ids.rabbit}/data-protection`],
    [`#/brokers/${ids.first}/data-protection`],
    ['#/keys'],
    ['#/keys/new'],
    [`#/keys/${keyArn.replace(/^.*key\//, '')}`, 'Policy', 'Rotation', 'Uses'],
    ['#/trail'],
    ['#/logs'],
    [`#/logs/${log}`, 'Streams'],
    ['#/metrics'],
    ['#/identity', 'Groups', 'Roles', 'Policies', 'Simulator'],
    ['#/identity/users/anna'],
    ['#/identity/groups/auditors'],
    ['#/identity/roles/reader'],
    ['#/advice'],
    ['#/drills'],
    ['#/nothing'],
    ['#/brokers/b-none'],
    ['#/brokers/b-none/data-protection'],
    ['#/keys/none'],
    ['#/identity/users/none'],
    ['#/identity/groups/none'],
    ['#/identity/roles/none'],
    ['#/logs/none'],
    // Anybody can send an address.
    ...['brokers', 'keys', 'logs', 'identity/users', 'identity/groups', 'identity/roles'].map(
      (area) => [`#/${area}/${encodeURIComponent(turning.repeat(200))}`] as const,
    ),
  ];
}

async function isFine(page: ConsolePage, name: string): Promise<void> {
  await page.page.locator('h1').first().waitFor();
  await page.page.waitForLoadState('networkidle');
  await page.isAccessible();
  assert.equal(await page.isCutOff(), false, name);
  const text = (await page.page.locator('body').textContent()) ?? '';
  assert.doesNotMatch(text, new RegExp(`[${turning}]`), name);
}

for (const [look, colorScheme, width] of [
  ['light', 'light', 1280],
  ['dark', 'dark', 1280],
  ['narrow and light', 'light', 320],
  ['narrow and dark', 'dark', 320],
] as const) {
  test(`every page is accessible and not cut off: ${look}`, { skip }, async () => {
    const page = await signedIn({ colorScheme, viewport: { width, height: 800 } });
    for (const [hash, ...tabs] of allPages()) {
      await page.go(hash);
      await isFine(page, hash);
      for (const tab of tabs) {
        await page.page.getByRole('tab', { name: tab }).click();
        await isFine(page, `${hash} ${tab}`);
      }
    }
    await page.close();
  });
}

test('lines of 64 KiB and long errors leave the page usable', { skip }, async () => {
  const long = `${turning.repeat(10_000)}${'word '.repeat(9000)}`;
  for (const width of [1280, 320]) {
    const page = await signedIn({ viewport: { width, height: 800 } });
    // Brokers write no such lines by themselves; the answer is that of the service otherwise.
    await page.page.route('**/*', async (route) => {
      if (!/FilterLogEvents$/.test(route.request().headers()['x-amz-target'] ?? '')) {
        return route.fallback();
      }
      const response = await route.fetch();
      const json = await response.json();
      for (const event of json.events ?? []) event.message = long;
      return route.fulfill({ response, json });
    });
    await page.go(`#/logs/${encodeURIComponent(`/aws/amazonmq/broker/${ids.rabbit}/connection`)}`);
    const more = page.button(/^Show \d+ more characters$/).first();
    await more.waitFor();
    await isFine(page, `long lines at ${width}`);
    await more.click();
    const whole = page.page.getByRole('dialog', { name: 'The whole text' }).locator('pre');
    assert.match((await whole.textContent()) ?? '', /^(?:\\u202e\\u2066){10000}(?:word ){9000}$/);
    await page.isAccessible('[role="dialog"]');
    await page.page.keyboard.press('Escape');
    await page.page.unrouteAll({ behavior: 'wait' });
    await page.close();
  }
});

test('an ActiveMQ broker has its own grants, and the preview counts the volumes of all', {
  skip,
}, async () => {
  const page = await signedIn();
  await page.go(`#/brokers/${ids.first}/data-protection`);
  const grants = page.table('Grants');
  await grants.getByText(/filesystem:id = fs-/).waitFor();
  await until('the grants of this broker only', async () => {
    return (await grants.getByText(/filesystem:id = fs-/).count()) === 1;
  });
  await page.button('What if I disable the key?').click();
  const dialog = page.page.getByRole('dialog');
  await dialog.getByText('3 volumes have a grant on the key').waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.close();
});

test('a broker that is deleted while its page is open is not shown as running', {
  skip,
}, async () => {
  const page = await signedIn();
  await page.go(`#/brokers/${ids.second}`);
  await page.heading('second').waitFor();
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: ids.second }));
  await page.action('Reboot');
  const dialog = page.page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Reboot' }).click();
  // The call fails, and the page is read again.
  await page.page.getByText('NotFoundException').first().waitFor();
  await page.heading(ids.second).waitFor();
  await dialog.waitFor({ state: 'detached' });
  await page.go('#/keys');
  await page.heading('Keys').waitFor();
  // What was read before is read again after ten seconds.
  await page.page.waitForTimeout(11_000);
  await page.page.goBack();
  await page.page.getByText('NotFoundException').waitFor();
  await page.heading(ids.second).waitFor();
  await page.close();
});

test('a form is kept while no answer comes, and can be sent again', { skip }, async () => {
  const page = await signedIn();
  await page.go('#/keys/new');
  await page.field('Description').fill('typed before the failure');
  await page.page.route('**/*', (route) => route.abort('connectionrefused'));
  await page.button('Create key').click();
  await page.page.getByText('The service cannot be reached.').first().waitFor();
  await page.isAccessible();
  await page.page.unrouteAll({ behavior: 'wait' });
  await page.button('Create key').click();
  await page.page.getByText('The key is created.').waitFor();
  await page.close();
});

test('the person is warned before the session ends, and then it ends', { skip }, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.page.clock.install();
  await page.signInAsRoot();
  await page.page.clock.fastForward('54:00');
  assert.equal(await page.page.getByText(/^Your session ends on/).count(), 0);
  await page.page.clock.fastForward('02:00');
  await page.page.getByText(/^Your session ends on/).waitFor();
  await page.isAccessible();
  await page.page.clock.fastForward('05:00');
  await page.heading('Sign in').waitFor();
  await page.page.getByText('Your session has ended. Sign in again.').waitFor();
  assert.equal(await page.page.getByText(/^Your session ends on/).count(), 0);
  await page.close();
});

test('two tabs of one browser have their own users', { skip }, async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const first = await ConsolePage.openAsRoot(context, waxwing);
  const second = await ConsolePage.open(context, waxwing);
  await second.heading('Sign in').waitFor();
  await second.signInAsRoot();
  await second.button(/^root$/).click();
  await second.page.getByRole('menuitem', { name: 'Sign out' }).click();
  await second.heading('Sign in').waitFor();
  await first.go('#/keys');
  await first.heading('Keys').waitFor();
  await first.button(/^root$/).waitFor();
  await first.close();
  await second.close();
  await context.close();
});
