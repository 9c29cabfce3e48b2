// Every dialog of the console, and whatever else people open in its pages. This walk takes long.

import { after, before, test } from 'node:test';
import {
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateGroupCommand,
  CreateLoginProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  CreateVirtualMFADeviceCommand,
  EnableMFADeviceCommand,
} from '@aws-sdk/client-iam';
import { CreateKeyCommand } from '@aws-sdk/client-kms';
import type { Browser } from 'playwright-core';
import { callApi, rootAccess } from '../../src/cli/access/call-api.ts';
import { decodeSeed, stepAt, totpCode } from '../../src/identity/accounts/mfa/totp.ts';
import { askEnvironment } from '../../src/server/environment.ts';
import { ConsolePage, findBrowser } from '../support/console-page.ts';
import { areAllKnown, isGoodToUse } from '../support/dialogs.ts';
import { isLong } from '../support/proof.ts';
import { shareBrowser } from '../support/shared-browser.ts';
import { Waxwing } from '../support/waxwing.ts';
import { type Shown, serviceDialogs } from './service-dialogs.ts';

const found = isLong ? await findBrowser() : 'only in long runs';
const skip = typeof found === 'string' ? found : false;
const shared = shareBrowser(found);
const password = 'correct-Horse-battery-7';

let waxwing: Waxwing;
let browser: Browser;
let shown: Shown;

before(async () => {
  if (typeof found === 'string') return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  const { KeyMetadata } = await waxwing.kms.send(
    new CreateKeyCommand({ Description: 'words '.repeat(1000) }),
  );
  const EncryptionOptions = { UseAwsOwnedKey: false, KmsKeyId: KeyMetadata?.Arn };
  const rabbit = await waxwing.createBroker({ BrokerName: 'rabbit', EncryptionOptions });
  const engine = { EngineType: 'ACTIVEMQ', EngineVersion: '5.18' } as const;
  const activeMq = await waxwing.createBroker({
    ...{ ...engine, HostInstanceType: 'mq.m5.large', BrokerName: 'active' },
    Users: [{ Username: 'app', Password: password }],
  });
  shown = { rabbit, activeMq, keyId: KeyMetadata?.KeyId ?? '' };
  await createIdentities();
  await recordDrills();
  browser = await shared.start();
});
after(async () => {
  if (skip !== false) return;
  await shared.release();
  await waxwing.remove();
});

/** An administrator, and what the pages of identities show. */
async function createIdentities(): Promise<void> {
  const { iam } = waxwing;
  const Statement = { Effect: 'Allow', Action: 'mq:Describe*', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const made = await iam.send(new CreatePolicyCommand({ PolicyName: 'looking', PolicyDocument }));
  for (const [UserName, PolicyArn] of [
    ['anna', made.Policy?.Arn],
    ['administrator', 'arn:aws:iam::aws:policy/AdministratorAccess'],
  ] as const) {
    await iam.send(new CreateUserCommand({ UserName }));
    await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn }));
  }
  const administrator = { UserName: 'administrator', Password: password };
  await iam.send(new CreateLoginProfileCommand(administrator));
  await iam.send(new CreateGroupCommand({ GroupName: 'auditors' }));
  await iam.send(new AddUserToGroupCommand({ GroupName: 'auditors', UserName: 'anna' }));
  const trusted = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: trusted });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument }));
  await addDevice('anna');
}

async function addDevice(UserName: string): Promise<void> {
  const { iam } = waxwing;
  const command = new CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: 'phone' });
  const { SerialNumber, Base32StringSeed } = (await iam.send(command)).VirtualMFADevice ?? {};
  const seed = decodeSeed(Buffer.from(Base32StringSeed ?? []).toString());
  const step = stepAt(Date.now());
  const AuthenticationCode1 = totpCode(seed, step - 1);
  const AuthenticationCode2 = totpCode(seed, step);
  const codes = { AuthenticationCode1, AuthenticationCode2 };
  await iam.send(new EnableMFADeviceCommand({ UserName, SerialNumber, ...codes }));
}

async function recordDrills(): Promise<void> {
  const run = {
    ...{ startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:01:00.000Z' },
    ...{ version: '1.2.3', programSha256: 'ab'.repeat(32) },
    drills: [{ drill: 'stolen-folder', hasPassed: true, durationMs: 1200 }],
  };
  const access = await rootAccess(await askEnvironment(waxwing.folder.data));
  await callApi(access, 'waxwing-administration', '/waxwing/v1/drills', run);
}

test('every dialog in the sources is opened by the walk', async () => {
  const none = { rabbit: '', activeMq: '', keyId: '' };
  await areAllKnown(
    serviceDialogs(none),
    (path) => !/^(?:activemq|rabbitmq|broker)\/|^parts\/plot/.test(path),
  );
});

test('dialogs are accessible in each look, and the focus enters them and comes back', {
  skip,
}, async () => {
  const page = await ConsolePage.open(browser, waxwing);
  await page.field('User name').fill('administrator');
  await page.field('Password').fill(password);
  await page.button('Sign in').click();
  await page.heading('Brokers').waitFor();
  for (const opening of serviceDialogs(shown)) await isGoodToUse(page, opening);
  await page.close();
});
