import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  type IAMClient,
  PutGroupPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Finding } from '../../../src/api/administration/parts.ts';
import { packageFolder } from '../../../src/base/package-folder.ts';
import { createBroker, createKey, underKey } from '../../support/broker-requests.ts';
import { Callers, type Credentials, newUser, policyText } from '../../support/callers.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { serviceNamed, signedCall } from '../../support/signed-calls.ts';

const dayMs = 86_400_000;

let plane: ControlPlane;
let callers: Callers;
let iam: IAMClient;
before(async () => {
  plane = await ControlPlane.start();
  callers = new Callers(plane);
  ({ iam } = callers.as());
});
after(async () => {
  callers.close();
  await plane.close();
});

/** All findings, and the number of calls that they took. */
async function advice(credentials: Credentials = plane.credentials) {
  const service = serviceNamed(plane, 'waxwing-administration');
  const findings: Finding[] = [];
  let nextToken: string | undefined;
  let callCount = 0;
  do {
    const input = nextToken === undefined ? {} : { nextToken };
    const { status, body } = await signedCall(plane, service, 'ListAdvice', input, credentials);
    assert.equal(status, 200, body);
    const page = JSON.parse(body) as { findings: Finding[]; nextToken?: string };
    findings.push(...page.findings);
    nextToken = page.nextToken;
    callCount += 1;
  } while (nextToken !== undefined);
  return { findings, callCount };
}

async function subjectsOf(check: string): Promise<string[]> {
  const { findings } = await advice();
  return findings.filter((each) => each.check === check).map(({ subject }) => subject);
}

async function isFound(check: string, part: string): Promise<boolean> {
  return (await subjectsOf(check)).some((subject) => subject.includes(part));
}

test('an account with only its root user is advised to have an administrator and MFA', async () => {
  const { findings } = await advice();
  assert.deepEqual(
    findings.map(({ check }) => check),
    ['no-administrator', 'root-without-mfa'],
  );
  for (const { what, why, fix } of findings) assert.ok(what !== '' && why !== '' && fix !== '');
});

test('a root access key that is used although an administrator exists is found', async () => {
  await newUser(iam, 'direct', { attached: ['arn:aws:iam::aws:policy/AdministratorAccess'] });
  assert.equal(await isFound('no-administrator', ''), false);
  // The set-up of the administrator itself is made with the root key.
  assert.equal(await isFound('root-key-in-use', ''), false);
  await plane.advance(3_600_000);
  await advice(); // a use of the root key
  const { accessKeyId } = plane.credentials;
  assert.ok(await isFound('root-key-in-use', accessKeyId));
  assert.ok(await isFound('direct-administrator', 'user direct'));
});

test('users with credentials and no MFA device are found, and those without credentials not', async () => {
  await iam.send(new CreateUserCommand({ UserName: 'idle' }));
  assert.ok(await isFound('user-without-mfa', 'user direct'));
  assert.equal(await isFound('user-without-mfa', 'user idle'), false);
});

test('access keys older than 90 days, and those that are not used, are found', async () => {
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'idle' }));
  const id = AccessKey?.AccessKeyId ?? '';
  await plane.advance(90 * dayMs);
  assert.equal(await isFound('old-access-key', id), false);
  assert.equal(await isFound('unused-access-key', id), false);
  await plane.advance(2 * dayMs);
  assert.ok(await isFound('old-access-key', `user idle, access key ${id}`));
  assert.ok(await isFound('unused-access-key', id));
  assert.ok(await isFound('old-access-key', plane.credentials.accessKeyId));
});

test('policies that allow more than they name are found, managed and inline', async () => {
  const wide = policyText({ Effect: 'Allow', Action: 'mq:*', Resource: '*' });
  await iam.send(new CreatePolicyCommand({ PolicyName: 'Wide', PolicyDocument: wide }));
  const narrow = policyText({ Effect: 'Allow', Action: 'mq:List*', Resource: '*' });
  await iam.send(new CreatePolicyCommand({ PolicyName: 'Narrow', PolicyDocument: narrow }));
  await iam.send(new CreateGroupCommand({ GroupName: 'g' }));
  const inline = { GroupName: 'g', PolicyName: 'all', PolicyDocument: wide };
  await iam.send(new PutGroupPolicyCommand(inline));
  const subjects = await subjectsOf('wide-policy');
  assert.deepEqual(subjects, ['policy Wide', 'inline policy all of group g']);
});

test('brokers under a service-owned key are found, and those under a customer key not', async () => {
  const owned = await createBroker(plane, { BrokerName: 'owned' });
  const own = await createBroker(plane, {
    BrokerName: 'own',
    ...underKey(await createKey(plane)),
    Logs: { General: true },
  });
  assert.ok(await isFound('service-owned-key', owned));
  assert.equal(await isFound('service-owned-key', own), false);
  assert.ok(await isFound('broker-log-off', owned));
  assert.equal(await isFound('broker-log-off', own), false);
});

test('TLS 1.2 handshakes are found', async () => {
  assert.equal(await isFound('tls-1.2-clients', ''), false);
  plane.tls12Count = 3;
  const { findings } = await advice();
  const found = findings.find(({ check }) => check === 'tls-1.2-clients');
  assert.match(found?.what ?? '', /API: 3$/);
});

test('sensitive names and tags are found by kind, and no finding has the text', async () => {
  const address = 'anna.meier@example.com';
  const Tags = [{ Key: 'contact', Value: address }];
  const { User } = await iam.send(new CreateUserCommand({ UserName: address, Tags }));
  const { findings } = await advice();
  const found = findings.filter(({ check }) => check === 'sensitive-name');
  assert.deepEqual(
    found.map(({ subject, what }) => [subject, what]),
    [[`user ${User?.UserId}`, 'contains email in name, email in tag value']],
  );
});

test('an auditor may ask for advice, and a user without rights may not', async () => {
  const file = join(packageFolder, 'examples', 'policies', 'auditor.json');
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: 'Auditor',
      PolicyDocument: readFileSync(file, 'utf8'),
    }),
  );
  const auditor = await newUser(iam, 'auditor');
  const command = { UserName: 'auditor', PolicyArn: Policy?.Arn };
  await iam.send(new AttachUserPolicyCommand(command));
  assert.ok((await advice(auditor)).findings.length > 0);
  const service = serviceNamed(plane, 'waxwing-administration');
  const nobody = await newUser(iam, 'nobody');
  const { status } = await signedCall(plane, service, 'ListAdvice', {}, nobody);
  assert.equal(status, 403);
});

test('many findings come in pages, each once', async () => {
  const count = 150;
  for (let i = 0; i < count; i += 1) {
    await iam.send(new CreateUserCommand({ UserName: `many-${i}` }));
    await iam.send(new CreateAccessKeyCommand({ UserName: `many-${i}` }));
  }
  const { findings, callCount } = await advice();
  assert.ok(callCount > 2, `${callCount} calls`);
  const subjects = findings
    .filter(({ check }) => check === 'user-without-mfa')
    .map(({ subject }) => subject)
    .filter((subject) => subject.startsWith('user many-'));
  assert.deepEqual(
    [...new Set(subjects)].sort(),
    Array.from({ length: count }, (_, i) => `user many-${i}`).sort(),
  );
  assert.equal(subjects.length, count);
});

test('a wrong token of a page is refused', async () => {
  const service = serviceNamed(plane, 'waxwing-administration');
  for (const nextToken of ['x', '1', '1.', '-1.0', '0.0000000000']) {
    const { status } = await signedCall(plane, service, 'ListAdvice', { nextToken });
    assert.equal(status, 400, nextToken);
  }
});
