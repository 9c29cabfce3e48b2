// Passwords, unfinished MFA devices and tags in the console. These walks take long.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateLoginProfileCommand,
  CreateUserCommand,
  GetLoginProfileCommand,
  ListVirtualMFADevicesCommand,
} from '@aws-sdk/client-iam';
import { ListKeysCommand, ListResourceTagsCommand } from '@aws-sdk/client-kms';
import type { Browser } from 'playwright-core';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = isLong ? await findBrowser() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const UserName = 'bert';

let waxwing: Waxwing;
let browser: Browser;
let page: ConsolePage;

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  await waxwing.iam.send(new CreateUserCommand({ UserName }));
  browser = await shared.start();
  page = await ConsolePage.openAsRoot(browser, waxwing);
});
after(async () => {
  if (skip !== false) return;
  await page.close();
  await shared.release();
  await waxwing.remove();
});

/** A button of the open dialog. */
function inDialog(name: string) {
  return page.page.getByRole('dialog').getByRole('button', { name, exact: true });
}

test('a password is deleted only after a question', { skip }, async () => {
  const profile = { UserName, Password: 'correct-Horse-battery-7' };
  await waxwing.iam.send(new CreateLoginProfileCommand(profile));
  await page.go(`#/identity/users/${UserName}`);
  await page.button('Delete password').click();
  await page.page.getByText(/^bert cannot sign in to this console any more/).waitFor();
  await page.isAccessible();
  await inDialog('Cancel').click();
  await waxwing.iam.send(new GetLoginProfileCommand({ UserName }));
  await page.button('Delete password').click();
  await inDialog('Delete').click();
  await page.page.getByText('bert can no longer sign in with a password.').waitFor();
  await page.button('Set password').waitFor();
  const gone = waxwing.iam.send(new GetLoginProfileCommand({ UserName }));
  await assert.rejects(gone, { name: 'NoSuchEntityException' });
});

test('an MFA device that was not finished is deleted when the person leaves', {
  skip,
}, async () => {
  const devices = async () => {
    const command = new ListVirtualMFADevicesCommand({ AssignmentStatus: 'Unassigned' });
    const { VirtualMFADevices = [] } = await waxwing.iam.send(command);
    return VirtualMFADevices.length;
  };
  for (const leave of [() => page.page.goBack(), () => inDialog('Cancel').click()]) {
    await page.go('#/identity/users');
    await page.page.getByRole('link', { name: UserName }).click();
    await page.button('Add MFA device').click();
    await page.page.getByRole('img', { name: 'QR code of the device' }).waitFor();
    assert.equal(await devices(), 1);
    await leave();
    await until('it is deleted', async () => (await devices()) === 0);
  }
});

test('two tags with the same key are told at the field, and nothing is saved', {
  skip,
}, async () => {
  const keyCount = async () => (await waxwing.kms.send(new ListKeysCommand({}))).Keys?.length ?? 0;
  const before = await keyCount();
  const key = page.page.getByRole('textbox', { name: 'Key' });
  const value = page.page.getByRole('textbox', { name: 'Value' });
  const told = page.page.getByText('Another tag has this key. Remove one of them.');
  await page.go('#/keys/new');
  for (const at of [0, 1]) {
    await page.button('Add tag').click();
    await key.nth(at).fill('team');
    await value.nth(at).fill(`value ${at}`);
  }
  await told.waitFor();
  assert.equal(await told.count(), 1);
  await page.isAccessible();
  await page.button('Create key').click();
  assert.equal(await keyCount(), before);
  await key.nth(1).fill('cost');
  await told.waitFor({ state: 'detached' });
  await page.button('Create key').click();
  await page.heading('Keys').waitFor();
  const { Keys = [] } = await waxwing.kms.send(new ListKeysCommand({}));
  const tags = await Promise.all(
    Keys.map(({ KeyId }) => waxwing.kms.send(new ListResourceTagsCommand({ KeyId }))),
  );
  const made = tags.map(({ Tags = [] }) => Tags).find((each) => each.length === 2);
  assert.deepEqual(made?.map(({ TagValue }) => TagValue).sort(), ['value 0', 'value 1']);
});

test('the tags of a broker are not saved with a key twice', { skip }, async () => {
  const id = await waxwing.createBroker({ BrokerName: 'tagged', Tags: { team: 'one' } });
  await page.go(`#/brokers/${id}`);
  await page.page.getByRole('tab', { name: 'Tags' }).click();
  await page.button('Add tag').click();
  await page.page.getByRole('textbox', { name: 'Key' }).nth(1).fill('team');
  await page.page.getByText('Another tag has this key. Remove one of them.').waitFor();
  assert.equal(await page.button('Save tags').isDisabled(), true);
  await page.isAccessible();
});
