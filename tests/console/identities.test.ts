// How the console creates and deletes identities and policies. These walks take long.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeleteUserPolicyCommand,
  EnableMFADeviceCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListMFADevicesCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Browser } from 'playwright-core';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { ConsolePage, findChromium, startBrowser } from '../support/console-page.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

const found = isLong ? await findChromium() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const password = 'correct-Horse-battery-7';

let waxwing: Waxwing;
let browser: Browser;

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { iam } = waxwing;
  const UserName = 'anna';
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  browser = await startBrowser(found);
});
after(async () => {
  if (skip !== false) return;
  await browser.close();
  await waxwing.remove();
});

async function signedIn(options: object = {}): Promise<ConsolePage> {
  const page = await ConsolePage.open(browser, waxwing, options);
  await page.field('User name').fill('anna');
  await page.field('Password').fill(password);
  await page.button('Sign in').click();
  await page.button(/^anna$/).waitFor();
  return page;
}

/** A button of the open dialog. */
function inDialog(page: ConsolePage, name: string) {
  return page.page.getByRole('dialog').getByRole('button', { name, exact: true });
}

/** A user with everything that is deleted before it. The names are those that IAM permits. */
async function createFullUser(UserName: string): Promise<void> {
  const { iam } = waxwing;
  const GroupName = 'group+=,.@-_';
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  const Statement = { Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
  await iam.send(new CreateAccessKeyCommand({ UserName }));
  await iam.send(new CreateAccessKeyCommand({ UserName }));
  await iam.send(new CreateGroupCommand({ GroupName }));
  await iam.send(new AddUserToGroupCommand({ GroupName, UserName }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  const inline = { UserName, PolicyName: 'inline', PolicyDocument };
  await iam.send(new PutUserPolicyCommand(inline));
  const device = new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'phone' });
  const { SerialNumber, Base32StringSeed } = (await iam.send(device)).VirtualMFADevice ?? {};
  const seed = decodeSeed(Buffer.from(Base32StringSeed ?? []).toString());
  const step = stepAt(Date.now());
  const AuthenticationCode1 = totpCode(seed, step - 1);
  const AuthenticationCode2 = totpCode(seed, step);
  const codes = { AuthenticationCode1, AuthenticationCode2 };
  await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
}

test('a user is deleted with all that belongs to it, and what is refused stops it', {
  skip,
}, async () => {
  const { iam } = waxwing;
  const UserName = 'bert+=,.@-_';
  await createFullUser(UserName);
  const denied = { UserName: 'anna', PolicyName: 'denied' };
  const Statement = { Effect: 'Deny', Action: 'iam:DeactivateMFADevice', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ ...denied, PolicyDocument }));
  const page = await signedIn();
  const dialog = page.page.getByRole('dialog');
  await page.go(`#/identity/users/${encodeURIComponent(UserName)}`);
  await page.button('Delete user').click();
  for (const text of ['Set', 'group+=,.@-_', 'ReadOnlyAccess', 'inline', /^AKIA\w+, AKIA\w+$/]) {
    await dialog.getByText(text, { exact: true }).waitFor();
  }
  assert.equal(await inDialog(page, 'Delete').isDisabled(), true);
  await page.field(`Type ${UserName} to confirm`).fill(UserName);
  await inDialog(page, 'Delete').click();
  await dialog
    .getByText(/^The MFA device arn:\S+ could not be deleted, and nothing after it was: .*not auth/)
    .waitFor();
  await page.isAccessible();
  // The password and the keys are gone, and everything after the refusal is there.
  const keys = await iam.send(new ListAccessKeysCommand({ UserName }));
  const attached = await iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
  const devices = await iam.send(new ListMFADevicesCommand({ UserName }));
  assert.deepEqual(
    [keys.AccessKeyMetadata, attached.AttachedPolicies, devices.MFADevices].map(
      (list) => list?.length,
    ),
    [0, 1, 1],
  );
  await dialog.getByText('None', { exact: true }).nth(1).waitFor();
  await iam.send(new DeleteUserPolicyCommand(denied));
  await inDialog(page, 'Delete').click();
  await page.page.getByText(`The user ${UserName} is deleted.`).waitFor();
  await page.heading('Identity').waitFor();
  await page.page.getByRole('link', { name: UserName }).waitFor({ state: 'detached' });
  await assert.rejects(iam.send(new GetUserCommand({ UserName })), {
    name: 'NoSuchEntityException',
  });
  await page.close();
});

test('nobody deletes the own user, also while it uses a role', { skip }, async () => {
  const Statement = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await waxwing.iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  await waxwing.iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn }));
  const page = await signedIn();
  const isRefused = async () => {
    // IAM does not distinguish case.
    await page.go('#/identity/users/ANNA');
    await page.page.getByText(/^You are signed in as this user/).waitFor();
    assert.equal(await page.button('Delete user').count(), 0);
    await page.isAccessible();
  };
  await isRefused();
  await page.button(/^anna$/).click();
  await page.page.getByRole('menuitem', { name: 'Switch role' }).click();
  await page.field('Role').fill('reader');
  await inDialog(page, 'Switch').click();
  await page.button('reader/anna').waitFor();
  await isRefused();
  await page.close();
});
