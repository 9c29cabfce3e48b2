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
  CreateOpenIDConnectProviderCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  EnableMFADeviceCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListMFADevicesCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { DescribeUserCommand } from '@aws-sdk/client-mq';
import type { Browser } from 'playwright-core';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
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

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { iam } = waxwing;
  const UserName = 'anna';
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateLoginProfileCommand({ UserName, Password: password }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await waxwing.remove();
});

async function signedIn(): Promise<ConsolePage> {
  const page = await ConsolePage.open(browser, waxwing);
  await signIn(page);
  return page;
}

async function signIn(page: ConsolePage): Promise<void> {
  await page.field('User name').fill('anna');
  await page.field('Password').fill(password);
  await page.button('Sign in').click();
  await page.button(/^anna$/).waitFor();
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

test('a policy is created, gets a version in effect, and is deleted once nothing uses it', {
  skip,
}, async () => {
  const { iam } = waxwing;
  const page = await signedIn();
  const dialog = page.page.getByRole('dialog');
  const document = page.field('Policy document');
  await page.go('#/identity/policies');
  await page.button('Create policy').click();
  const template = await document.inputValue();
  await page.field('Policy name').fill('not possible');
  for (const [text, told] of [
    ['{"Version":', /The document is not JSON/],
    ['[]', /A policy is a JSON object/],
    [' '.repeat(131_073), /The document has 131073 characters\. At most 131072 are allowed\./],
  ] as const) {
    await document.fill(text);
    await dialog.getByText(told).waitFor();
    assert.equal(await inDialog(page, 'Create policy').isDisabled(), true);
  }
  await page.isAccessible();
  await document.fill(template);
  await inDialog(page, 'Create policy').click();
  await isAtField(page, 'Policy name', /policyName.*failed to satisfy/);
  const PolicyName = 'own+=,.@-_';
  await page.field('Policy name').fill(PolicyName);
  await document.fill('{"Version": "2012-10-17"}');
  await inDialog(page, 'Create policy').click();
  await isAtField(page, 'Policy document', /MalformedPolicyDocument/);
  await document.fill(template);
  await page.field('Description').fill('Looks at brokers');
  await inDialog(page, 'Create policy').click();
  await page.page.getByText(`The policy ${PolicyName} is created.`).waitFor();
  await page.button('Create policy').click();
  await page.field('Policy name').fill(PolicyName);
  await inDialog(page, 'Create policy').click();
  await isAtField(page, 'Policy name', /EntityAlreadyExists/);
  await inDialog(page, 'Cancel').click();
  const { Policies = [] } = await iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
  const PolicyArn = Policies.find((each) => each.PolicyName === PolicyName)?.Arn;
  const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
  assert.equal(Policy?.Description, 'Looks at brokers');

  const versions = async () => {
    const { Versions = [] } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    return Versions.map(({ VersionId }) => VersionId);
  };
  // The sixth version displaces the oldest one that is not in effect.
  for (let version = 2; version <= 6; version += 1) {
    await page.button(`Edit the policy ${PolicyName}`).click();
    await document.waitFor();
    if (version === 6) {
      await dialog.getByText(/not in effect, v1, is deleted if the new document/).waitFor();
      // A document that is refused displaces nothing.
      await document.fill('{"Version": "2012-10-17"}');
      await inDialog(page, 'Save as new version').click();
      await isAtField(page, 'Policy document', /MalformedPolicyDocument/);
      assert.deepEqual(await versions(), ['v5', 'v4', 'v3', 'v2', 'v1']);
    }
    if (version === 3) {
      const PolicyDocument = template;
      const made = { PolicyArn, PolicyDocument, SetAsDefault: true };
      // Somebody else is faster, and the person begins again.
      await document.fill(template.replace('mq:ListBrokers', 'mq:List*'));
      await iam.send(new CreatePolicyVersionCommand(made));
      await inDialog(page, 'Save as new version').click();
      await dialog.getByText(/Version v3 is in effect by now, and you have edited v2/).waitFor();
      await page.isAccessible();
      await inDialog(page, 'Cancel').click();
      continue;
    }
    await document.fill(template.replace('mq:ListBrokers', `mq:ListTags${version}`));
    await inDialog(page, 'Save as new version').click();
    await page.page.getByText(`Version v${version} of the policy`).waitFor();
    await dialog.waitFor({ state: 'detached' });
  }
  assert.deepEqual(await versions(), ['v6', 'v5', 'v4', 'v3', 'v2']);
  const shown = { PolicyArn, VersionId: 'v6' };
  const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand(shown));
  assert.match(decodeURIComponent(PolicyVersion?.Document ?? ''), /mq:ListTags6/);
  assert.equal(PolicyVersion?.IsDefaultVersion, true);

  await iam.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn }));
  await page.button(`Delete the policy ${PolicyName}`).click();
  await dialog.getByText('It is used by: user anna').waitFor();
  assert.equal(await inDialog(page, 'Delete').isDisabled(), true);
  await page.isAccessible();
  await inDialog(page, 'Cancel').click();
  await iam.send(new DetachUserPolicyCommand({ UserName: 'anna', PolicyArn }));
  await page.button(`Delete the policy ${PolicyName}`).click();
  await dialog.getByText(/It is attached to nothing/).waitFor();
  // Somebody else attaches it meanwhile: the service refuses.
  await iam.send(new AttachUserPolicyCommand({ UserName: 'anna', PolicyArn }));
  await inDialog(page, 'Delete').click();
  await dialog.getByText(/Cannot delete a policy attached to entities/).waitFor();
  await page.isAccessible();
  assert.equal((await versions()).length, 5, 'it is kept with all versions');
  await iam.send(new DetachUserPolicyCommand({ UserName: 'anna', PolicyArn }));
  await inDialog(page, 'Delete').click();
  await page.page.getByText(`The policy ${PolicyName} is deleted.`).waitFor();
  await page.page.getByText('There are no policies.').waitFor();
  // Those of AWS are not changed.
  await page.page.getByRole('button', { name: 'Of AWS' }).click();
  await page.button('Show the policy AdministratorAccess').waitFor();
  assert.equal(await page.button(/^(?:Edit|Delete) the policy/).count(), 0);
  await page.close();
});

/** Requires that a field, and nothing else, has an error of the service. */
async function isAtField(page: ConsolePage, name: string, error: RegExp): Promise<void> {
  await page.page.getByRole('dialog').getByText(error).first().waitFor();
  const field = page.field(name);
  const described = await field.evaluate((element) => {
    const { document } = globalThis as unknown as {
      document: { getElementById(id: string): { textContent: string } | null };
    };
    const ids: string[] = (element.getAttribute('aria-describedby') ?? '').split(' ');
    return ids.map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
  });
  assert.match(described, error);
  await page.isAccessible();
}

test('a role is created for users and for a provider, and deleted with its policies', {
  skip,
}, async () => {
  const { iam } = waxwing;
  const Url = 'https://login.example.com/realms/shop';
  const ClientIDList = ['waxwing'];
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url, ClientIDList }));
  const page = await signedIn();
  const dialog = page.page.getByRole('dialog');
  const trust = page.field('Trust policy');
  const trustOf = async (RoleName: string) => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    return JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).Statement[0];
  };
  await page.go('#/identity/roles');
  await page.button('Create role').click();
  await page.field('Role name').fill('not possible');
  for (const text of ['0', '13', '1.5', '']) {
    await page.field('Maximum session duration, hours').fill(text);
    await dialog.getByText('The duration must be a whole number from 1 to 12.').waitFor();
    assert.equal(await inDialog(page, 'Create role').isDisabled(), true);
  }
  await page.isAccessible();
  await page.field('Maximum session duration, hours').fill('12');
  await inDialog(page, 'Create role').click();
  await isAtField(page, 'Role name', /roleName.*failed to satisfy/);
  await page.field('Role name').fill('for-users');
  const template = await trust.inputValue();
  await trust.fill(template.replace('sts:AssumeRole', 'mq:ListBrokers'));
  await inDialog(page, 'Create role').click();
  await isAtField(page, 'Trust policy', /MalformedPolicyDocument/);
  await trust.fill(template);
  await inDialog(page, 'Create role').click();
  await page.heading('for-users').waitFor();
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'for-users' }));
  assert.equal(Role?.MaxSessionDuration, 43_200);
  const own = `${Role?.Arn?.replace(/:role.*/, '')}:root`;
  assert.deepEqual((await trustOf('for-users')).Principal, { AWS: own });

  await page.go('#/identity/roles');
  await page.button('Create role').click();
  await page.field('Role name').fill('for-people+=,.@-_');
  await dialog.getByRole('radio', { name: /OIDC provider/ }).check();
  assert.equal(await inDialog(page, 'Create role').isDisabled(), true);
  await page.field('OIDC provider').click();
  await page.page.getByRole('option', { name: /login\.example\.com/ }).click();
  await trust.fill((await trust.inputValue()).replace('CLIENT', 'waxwing'));
  await page.isAccessible();
  await inDialog(page, 'Create role').click();
  await page.heading('for-people+=,.@-_').waitFor();
  const { Action, Condition, Principal } = await trustOf('for-people+=,.@-_');
  assert.equal(Action, 'sts:AssumeRoleWithWebIdentity');
  assert.match(Principal.Federated, /:oidc-provider\/login\.example\.com\/realms\/shop$/);
  assert.equal(Condition.StringEquals['login.example.com/realms/shop:aud'], 'waxwing');

  const RoleName = 'for-people+=,.@-_';
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  const Statement = { Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'inline', PolicyDocument }));
  await page.button('Delete role').click();
  await dialog.getByText('ReadOnlyAccess').waitFor();
  await dialog.getByText('inline', { exact: true }).waitFor();
  await page.field(`Type ${RoleName} to confirm`).fill(RoleName);
  // Somebody else adds a policy that the person has not seen: it is not deleted, and the role neither.
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'unseen', PolicyDocument }));
  await inDialog(page, 'Delete').click();
  await dialog.getByText(/^The role for-people\S+ could not be deleted/).waitFor();
  await dialog.getByText('unseen', { exact: true }).waitFor();
  await page.isAccessible();
  await inDialog(page, 'Delete').click();
  await page.page.getByText(`The role ${RoleName} is deleted.`).waitFor();
  await page.heading('Identity').waitFor();
  await assert.rejects(iam.send(new GetRoleCommand({ RoleName })), {
    name: 'NoSuchEntityException',
  });
  await page.close();
});

test('a user of an ActiveMQ broker gets other groups and a password with the next reboot', {
  skip,
}, async () => {
  const BrokerId = await waxwing.createBroker({
    ...{ EngineType: 'ACTIVEMQ', EngineVersion: '5.18', HostInstanceType: 'mq.m5.large' },
    ...{ BrokerName: 'active', Users: [{ Username: 'app', Password: password }] },
  });
  const page = await signedIn();
  const dialog = page.page.getByRole('dialog');
  await page.go(`#/brokers/${BrokerId}`);
  await page.page.getByRole('tab', { name: 'Users' }).click();
  await page.button('Change the user app').click();
  await page.field('Groups').waitFor();
  assert.equal(await inDialog(page, 'Change').isDisabled(), true);
  await page.field('New password').fill('short');
  await inDialog(page, 'Change').click();
  await dialog.getByText(/BadRequestException/).waitFor();
  await page.isAccessible();
  await page.field('New password').fill('another-Horse-battery-8');
  await page.field('Groups').fill(' writers \n\nreaders');
  await dialog.getByRole('checkbox').check();
  await inDialog(page, 'Change').click();
  await page.page.getByText('The user app is changed by the next reboot.').waitFor();
  await page
    .table('Users')
    .getByRole('row', { name: /app.*Update/ })
    .waitFor();
  const describe = () => waxwing.mq.send(new DescribeUserCommand({ BrokerId, Username: 'app' }));
  const { Groups, ConsoleAccess, Pending } = await describe();
  assert.deepEqual([Groups, ConsoleAccess], [[], false]);
  assert.deepEqual(
    [Pending?.Groups?.sort(), Pending?.ConsoleAccess],
    [['readers', 'writers'], true],
  );
  // What is pending is shown, and what stays is not sent.
  await page.button('Change the user app').click();
  await page.field('Groups').waitFor();
  assert.equal((await page.field('Groups').inputValue()).split('\n').length, 2);
  await dialog.getByRole('checkbox').uncheck();
  await inDialog(page, 'Change').click();
  await dialog.waitFor({ state: 'detached' });
  const { Pending: then } = await describe();
  assert.deepEqual([then?.Groups?.length, then?.ConsoleAccess], [2, false]);
  await page.close();
});

test('what was typed into a policy is there after another sign-in, and can be saved', {
  skip,
}, async () => {
  const { iam } = waxwing;
  const Statement = { Effect: 'Allow', Action: 'mq:ListBrokers', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new CreatePolicyCommand({ PolicyName: 'kept', PolicyDocument }));
  const page = await ConsolePage.open(browser, waxwing);
  await page.page.clock.install();
  await signIn(page);
  await page.go('#/identity/policies');
  await page.button('Edit the policy kept').click();
  const document = page.field('Policy document');
  const text = (await document.inputValue()).replace('ListBrokers', 'DescribeBroker');
  await document.fill(text);
  await page.page.clock.fastForward('01:01:00');
  await page.heading('Sign in').waitFor();
  assert.equal(await page.page.getByText('DescribeBroker').count(), 0);
  await signIn(page);
  await page.page.getByRole('dialog', { name: 'Edit the policy kept' }).waitFor();
  assert.equal(await document.inputValue(), text);
  await page.isAccessible();
  await inDialog(page, 'Save as new version').click();
  await page.page.getByText('Version v2 of the policy kept is in effect.').waitFor();
  await page.close();
});
