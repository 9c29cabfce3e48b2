import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import type { Browser } from 'playwright-core';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { until } from '../support/processes.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = await findBrowser();
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);

let waxwing: Waxwing;
let browser: Browser;
let page: ConsolePage;

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  browser = await shared.start();
  page = await ConsolePage.openAsRoot(browser, waxwing);
});
after(async () => {
  if (skip !== false) return;
  await page.close();
  await shared.release();
  await waxwing.remove();
});

/** The id of the key that the first test makes. */
async function keyId(): Promise<string> {
  const { Aliases = [] } = await waxwing.kms.send(new ListAliasesCommand({}));
  return Aliases.find(({ AliasName }) => AliasName === 'alias/made-here')?.TargetKeyId ?? '';
}

async function stateIs(id: string, state: string): Promise<void> {
  await until(`the key is ${state}`, async () => {
    const { KeyMetadata } = await waxwing.kms.send(new DescribeKeyCommand({ KeyId: id }));
    return KeyMetadata?.KeyState === state;
  });
}

test('a key is created with an alias and rotation, and described', { skip }, async () => {
  await page.go('#/keys');
  await page.page.getByRole('link', { name: 'Create key' }).click();
  await page.field('Alias').fill('made-here');
  await page.field('Description').fill('for tests');
  await page.isAccessible();
  await page.button('Create key').click();
  await page.heading('Keys').waitFor();
  await page.page.getByText('alias/made-here').waitFor();
  await page.isAccessible();
  const id = await keyId();
  await page.page.getByRole('link', { name: id }).click();
  await page.heading('alias/made-here').waitFor();
  await page.page.getByText('for tests').waitFor();
  for (const tab of ['Policy', 'Rotation', 'Uses', 'Grants']) {
    await page.page.getByRole('tab', { name: tab }).click();
    await page.page.getByRole('tabpanel').getByRole('heading').first().waitFor();
    await page.isAccessible();
  }
});

test('a key whose alias is taken is created once, and gets another alias', { skip }, async () => {
  const keyCount = async () => (await waxwing.kms.send(new ListKeysCommand({}))).Keys?.length ?? 0;
  const before = await keyCount();
  await page.go('#/keys/new');
  await page.field('Alias').fill('made-here');
  await page.button('Create key').click();
  await page.page
    .getByText(/AlreadyExistsException/)
    .first()
    .waitFor();
  await page.page.getByText('The key is created', { exact: true }).waitFor();
  await page.isAccessible();
  await page.field('Alias').fill('made-second');
  await page.button('Create key').click();
  await page.heading('Keys').waitFor();
  await page.page.getByText('alias/made-second').waitFor();
  assert.equal(await keyCount(), before + 1);
});

test('a rotation that the person may not see is not shown as off', { skip }, async () => {
  const { Aliases = [] } = await waxwing.kms.send(new ListAliasesCommand({}));
  const second = Aliases.find(({ AliasName }) => AliasName === 'alias/made-second');
  const KeyId = second?.TargetKeyId ?? '';
  const { Policy = '' } = await waxwing.kms.send(new GetKeyPolicyCommand({ KeyId }));
  const policy = JSON.parse(Policy);
  const denied = {
    ...{ Effect: 'Deny', Principal: '*', Resource: '*' },
    Action: 'kms:GetKeyRotationStatus',
  };
  const Statement = [...policy.Statement, denied];
  const changed = JSON.stringify({ ...policy, Statement });
  await waxwing.kms.send(new PutKeyPolicyCommand({ KeyId, Policy: changed }));
  await page.go(`#/keys/${KeyId}`);
  await page.page.getByRole('tab', { name: 'Rotation' }).click();
  await page.page.getByText('Not known', { exact: true }).waitFor();
  await page.page
    .getByText(/AccessDenied/)
    .first()
    .waitFor();
  assert.equal(await page.page.getByText('Off', { exact: true }).count(), 0);
  assert.equal(await page.button('Rotate every year').isDisabled(), true);
});

test('a policy that locks everybody out is refused, and another one is saved', {
  skip,
}, async () => {
  const id = await keyId();
  await page.go(`#/keys/${id}`);
  await page.page.getByRole('tab', { name: 'Policy' }).click();
  const document = page.field('Policy document');
  await until('the policy', async () => (await document.inputValue()).includes('"Statement"'));
  const policy = JSON.parse(await document.inputValue());
  await document.fill(JSON.stringify({ ...policy, Statement: [] }));
  await page.button('Save policy').click();
  await page.page.getByText(/MalformedPolicyDocument/).waitFor();
  const [statement] = policy.Statement;
  const changed = { ...policy, Statement: [{ ...statement, Sid: 'FromTheConsole' }] };
  await document.fill(JSON.stringify(changed));
  await page.button('Save policy').click();
  await page.page.getByText('The policy is saved.').waitFor();
  const { Policy = '' } = await waxwing.kms.send(new GetKeyPolicyCommand({ KeyId: id }));
  assert.match(Policy, /FromTheConsole/);
});

test('the material of a key is rotated, and the rotation is listed', { skip }, async () => {
  await page.go(`#/keys/${await keyId()}`);
  await page.page.getByRole('tab', { name: 'Rotation' }).click();
  await page.page.getByText('Every 365 days').waitFor();
  await page.button('Rotate now').click();
  await page.table('Rotations').getByText('On demand').waitFor();
  await page.button('Stop the rotation').click();
  await page.button('Rotate every year').waitFor();
});

test('a key is disabled, and scheduled for deletion, after questions, and kept', {
  skip,
}, async () => {
  const id = await keyId();
  await page.go(`#/keys/${id}`);
  await page.action('Disable');
  const dialog = page.page.getByRole('dialog');
  await dialog.getByText('No volume has a grant on this key.').waitFor();
  await page.isAccessible();
  await dialog.getByRole('button', { name: 'Disable key' }).click();
  await stateIs(id, 'Disabled');
  await page.page.getByText('Disabled', { exact: true }).waitFor();
  await page.action('Schedule deletion');
  const schedule = dialog.getByRole('button', { name: 'Schedule deletion' });
  assert.equal(await schedule.isDisabled(), true);
  await page.field('Waiting time, days').fill('7');
  await page.field('Type alias/made-here to confirm').fill('alias/made-here');
  await page.isAccessible();
  await schedule.click();
  await stateIs(id, 'PendingDeletion');
  await page.page.getByText('This key is going to be deleted').waitFor();
  await page.isAccessible();
  await page.action('Cancel the deletion');
  await stateIs(id, 'Disabled');
  await page.action('Enable');
  await stateIs(id, 'Enabled');
});

test('long lists are shown a page at a time', { skip }, async () => {
  for (let count = 0; count < 25; count += 1) await waxwing.kms.send(new CreateKeyCommand({}));
  await page.go('#/brokers');
  await page.heading('Brokers').waitFor();
  await page.go('#/keys');
  const rows = page.table('Keys').getByRole('rowheader');
  await until('a full page', async () => (await rows.count()) === 20);
  const [first] = await rows.allTextContents();
  await page.button('Next page').click();
  await until('the next page', async () => {
    const [shown] = await rows.allTextContents();
    return shown !== first && (await rows.count()) < 20;
  });
  await page.button('Previous page').click();
  await until('the first page', async () => (await rows.allTextContents())[0] === first);
});
