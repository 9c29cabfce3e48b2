import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ListGrantsCommand,
  RevokeGrantCommand,
} from '@aws-sdk/client-kms';
import { DeleteBrokerCommand, MqClient, RebootBrokerCommand } from '@aws-sdk/client-mq';
import { judged } from '../support/botocore-judge.ts';
import { brokerRequest, createKey, describeBroker, underKey } from '../support/broker-requests.ts';
import { disableKey } from '../support/keys.ts';
import { KmsRelay } from '../support/kms-relay.ts';
import { until } from '../support/processes.ts';
import { eventsNamed, trailEvents } from '../support/trail-events.ts';
import { Waxwing } from '../support/waxwing.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// A second service is the KMS of the first one.

const folder = new WaxwingFolder();
const other = new WaxwingFolder();
let remote: Waxwing;
let relay: KmsRelay;
/** The service whose brokers have keys of the other one. */
let waxwing: Waxwing;
/** The principal of that service at the other one. */
let principal = '';
let brokerId = '';
let brokerKey = '';
/** What the first service needs to call the second one. */
let credentials: Readonly<Record<string, string>> = {};

before(async () => {
  remote = await Waxwing.start({ args: ['--no-default-broker'] });
  const { AWS_ACCESS_KEY_ID: id = '', AWS_SECRET_ACCESS_KEY: secret = '' } = remote.environment;
  credentials = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
  const url = remote.environment['AWS_ENDPOINT_URL'] ?? '';
  const caFile = join(other.root, 'relay-ca.pem');
  relay = await KmsRelay.start({ url, authority: remote.ca }, caFile);
  const env = await newPrincipal();
  const args = [
    ...['--no-default-broker', '--key-check-seconds', '1', '--remote-kms-region', 'us-east-1'],
    ...['--remote-kms-endpoint', relay.url, '--remote-kms-ca-file', caFile],
    ...['--remote-kms-principal', principal],
  ];
  waxwing = await Waxwing.start({ folder: other, args, env });
});
after(async () => {
  folder.remove();
  await waxwing.remove();
  relay.close();
  await remote.remove();
});

async function newKey(): Promise<string> {
  const { KeyMetadata } = await remote.kms.send(new CreateKeyCommand({}));
  return KeyMetadata?.Arn ?? '';
}

/** The source of a root key that a key of the second service seals. */
function rootKeyBy(keyArn: string): string {
  const { AWS_ENDPOINT_URL: endpoint, AWS_CA_BUNDLE: ca } = remote.environment;
  return `aws-kms:${keyArn}?endpoint=${endpoint}&ca-file=${ca}`;
}

test('a key of a KMS seals the root key, and each start decrypts it there', async () => {
  const [keyArn, other] = [await newKey(), await newKey()];
  const env = { ...credentials, WAXWING_ROOT_KEY: rootKeyBy(keyArn) };
  const waxwing = await Waxwing.start({ folder, args: ['--no-default-broker'], env });
  assert.equal(await waxwing.stop(), 0);
  const show = async (more: Readonly<Record<string, string>> = env) => {
    const args = ['root-key', 'show', '--json', '--data', folder.data];
    const { code, stdout, stderr } = await folder.run(args, more);
    return { code, stderr, shown: JSON.parse(stdout) };
  };
  const { code, shown } = await show();
  assert.deepEqual([code, shown.source, shown.key, shown.changes], [0, 'aws-kms', keyArn, 0]);
  // Another key of the same KMS did not seal it.
  const wrong = await show({ ...env, WAXWING_ROOT_KEY: rootKeyBy(other) });
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /did not seal the root key of .*: IncorrectKeyException/);
  await remote.kms.send(new DisableKeyCommand({ KeyId: keyArn }));
  const { code: disabled, stderr } = await folder.serve([], env);
  assert.equal(disabled, 1);
  assert.match(stderr, /^waxwing: the KMS key arn:.* cannot be used: DisabledException: .*\n$/);
  await remote.kms.send(new EnableKeyCommand({ KeyId: keyArn }));
  const away = await show({
    ...env,
    WAXWING_ROOT_KEY: `aws-kms:${keyArn}?endpoint=https://127.0.0.1:1`,
  });
  assert.match(
    away.stderr,
    /cannot be used: Decrypt at https:\/\/127\.0\.0\.1:1 failed: ECONNREFUSED/,
  );
  const secret = credentials['AWS_SECRET_ACCESS_KEY'] ?? '';
  assert.ok(![waxwing.output, stderr, away.stderr].some((text) => text.includes(secret)));
  const moved = await folder.run(['root-key', 'change', 'file', '--data', folder.data], env);
  assert.equal(moved.code, 0, moved.stderr);
  assert.equal((await show({})).code, 0);
  const decrypts = await eventsNamed(remote, 'Decrypt');
  const contexts = decrypts.map(({ requestParameters }) => JSON.stringify(requestParameters));
  assert.ok(contexts.length >= 3);
  assert.ok(
    contexts.every((context) => /"waxwing:system-volume":"sys-[0-9a-f]{17}"/.test(context)),
  );
});

/** Creates a user of a service, with a policy. */
async function newUser({ environment, ca }: Waxwing, UserName: string, Action: readonly string[]) {
  const iam = new IAMClient({
    endpoint: environment['AWS_ENDPOINT_URL'] ?? '',
    region: 'us-east-1',
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
    requestHandler: { httpsAgent: { ca } },
  });
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] };
  const PolicyDocument = JSON.stringify(policy);
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'only', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  iam.destroy();
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  return { arn: User?.Arn ?? '', credentials: { accessKeyId, secretAccessKey } };
}

/** Creates the user that the service uses at its KMS. Returns variables with its access key. */
async function newPrincipal(): Promise<Record<string, string>> {
  const names = ['CreateGrant', 'Decrypt', 'DescribeKey', 'Encrypt', 'ListGrants', 'RetireGrant'];
  const actions = [...names, 'GenerateDataKeyWithoutPlaintext'].map((name) => `kms:${name}`);
  const user = await newUser(remote, 'waxwing', actions);
  principal = user.arn;
  return {
    AWS_ACCESS_KEY_ID: user.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: user.credentials.secretAccessKey,
    // For other programs: the service must not send the keys of its brokers there.
    AWS_ENDPOINT_URL: 'https://127.0.0.1:1',
  };
}

async function grants() {
  const { Grants = [] } = await remote.kms.send(new ListGrantsCommand({ KeyId: brokerKey }));
  return Grants;
}

test('a broker under a key of another KMS gets its grants and its data key there', async () => {
  brokerKey = await newKey();
  brokerId = await waxwing.createBroker(underKey(brokerKey));
  const { EncryptionOptions } = await describeBroker(waxwing, brokerId);
  assert.deepEqual(EncryptionOptions, { KmsKeyId: brokerKey, UseAwsOwnedKey: false });
  const made = await grants();
  assert.deepEqual(
    made.map(({ GranteePrincipal }) => GranteePrincipal),
    [principal, principal],
  );
  const names = made.map(({ Name = '' }) => Name).sort();
  assert.match(names.join(), /^,waxwing\/\d{12}\/mq_grant$/);
  const constraints = made.map(({ Constraints }) => Constraints?.EncryptionContextSubset ?? {});
  assert.equal(constraints.flatMap((each) => Object.keys(each)).join(), 'aws:ebs:id');
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await client.publish('orders', ['under a remote key']);
  await client.close();
});

test('keys that are not there, disabled or of another kind are refused by name', async () => {
  const rsa = await remote.kms.send(
    new CreateKeyCommand({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }),
  );
  const missing = brokerKey.replace(/key\/.*/, 'key/1234abcd-12ab-34cd-56ef-1234567890ab');
  const refused: [string, RegExp][] = [
    [missing, /cannot be used: .*does not exist/],
    [rsa.KeyMetadata?.Arn ?? '', /Only symmetric encryption keys/],
    [brokerKey.replace('us-east-1', 'eu-north-1'), /cannot be used/],
  ];
  for (const [arn, message] of refused) {
    const request = waxwing.mq.send(brokerRequest(underKey(arn)));
    await assert.rejects(request, { name: 'BadRequestException', message });
  }
});

test('a user of this service needs the permission to use the key', async () => {
  const actions = ['mq:CreateBroker', 'iam:CreateServiceLinkedRole', 'kms:DescribeKey'];
  const { credentials: own } = await newUser(waxwing, 'without-grants', actions);
  const mq = new MqClient({
    endpoint: waxwing.environment['AWS_ENDPOINT_URL'] ?? '',
    region: 'us-east-1',
    credentials: own,
    requestHandler: { httpsAgent: { ca: waxwing.ca } },
  });
  const before = relay.requests.filter(({ target }) => target.endsWith('CreateGrant')).length;
  await assert.rejects(mq.send(brokerRequest(underKey(brokerKey))), {
    name: 'BadRequestException',
    message: /without-grants is not authorized to perform: kms:CreateGrant/,
  });
  mq.destroy();
  const after = relay.requests.filter(({ target }) => target.endsWith('CreateGrant')).length;
  assert.equal(after, before, 'the remote KMS was not asked');
});

test('a disabled key stops the broker at the next check, and an enabled one brings it back', async () => {
  await remote.kms.send(new DisableKeyCommand({ KeyId: brokerKey }));
  const stopped = await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED');
  assert.match(
    stopped.ActionsRequired?.[0]?.ActionRequiredInfo ?? '',
    /is in state Disabled|is disabled/,
  );
  await remote.kms.send(new EnableKeyCommand({ KeyId: brokerKey }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
});

test('a KMS that is away does not stop a running broker, and a start waits for it', async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  relay.isAway = true;
  // Two attempts of each call; the pauses between calls get longer.
  await until('several checks', () => relay.unansweredCount >= 8, 60_000);
  assert.equal((await describeBroker(waxwing, brokerId)).BrokerState, 'RUNNING');
  await client.publish('orders', ['while it is away']);
  await client.close();
  assert.equal(await waxwing.stop(), 0);
  await waxwing.restart();
  const waiting = await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED');
  const [action] = waiting.ActionsRequired ?? [];
  assert.equal(action?.ActionRequiredCode, 'BROKER_KMS_UNREACHABLE');
  assert.match(action?.ActionRequiredInfo ?? '', /failed to start 3 times; last time: /);
  const named = brokerRequest(underKey(brokerKey));
  await assert.rejects(waxwing.mq.send(named), {
    name: 'BadRequestException',
    // It is not asked until the pause after the last failure is over.
    message: /cannot be used: (the remote KMS failed \d+ times in a row|DescribeKey at \S+ failed)/,
  });
  relay.isAway = false;
  await waxwing.brokerIs(brokerId, 'RUNNING', 90_000);
  const again = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  const bodies = await again.take('orders', 2);
  assert.deepEqual(bodies, ['under a remote key', 'while it is away']);
  await again.close();
});

/** Wraps the data key of the broker under another KMS key. */
const rewrap = (keyArn: string) =>
  other.run(['volume', 'rewrap', brokerId, '--kms-key-id', keyArn, '--data', other.data]);

test('a broker moves to a key of this service and back, and does not need the other KMS in between', async () => {
  const client = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  await client.publish('moved', ['sealed before']);
  const own = await createKey(waxwing);
  const moved = await rewrap(own);
  assert.equal(moved.code, 0, moved.stderr);
  await until('the grants there are retired', async () => (await grants()).length === 0);
  relay.isAway = true;
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await client.ended;
  await waxwing.brokerIs(brokerId, 'RUNNING');
  const again = await waxwing.connect(await waxwing.brokerUrl(brokerId));
  assert.deepEqual(await again.take('moved', 1), ['sealed before']);
  await again.close();
  relay.isAway = false;
  // A key that may not be used to wrap leaves everything as it is.
  const [, account = ''] = /:(\d{12}):/.exec(brokerKey) ?? [];
  const statements = [
    { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*' },
    { Effect: 'Deny', Principal: { AWS: principal }, Action: 'kms:Encrypt' },
  ];
  const Statement = statements.map((each) => ({ ...each, Resource: '*' }));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const { KeyMetadata } = await remote.kms.send(new CreateKeyCommand({ Policy }));
  const refused = await rewrap(KeyMetadata?.Arn ?? '');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is still .*the new key could not be used/);
  const { EncryptionOptions, BrokerState } = await describeBroker(waxwing, brokerId);
  assert.deepEqual([EncryptionOptions?.KmsKeyId, BrokerState], [own, 'RUNNING']);
  const back = await rewrap(brokerKey);
  assert.equal(back.code, 0, back.stderr);
  assert.equal((await grants()).length, 2);
  await disableKey(waxwing.kms, own);
  await waxwing.mq.send(new RebootBrokerCommand({ BrokerId: brokerId }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
});

test('a revoked grant is lost for good, and a deleted broker retires what is left', async () => {
  const volume = (await grants()).find(({ Constraints }) => Constraints !== undefined);
  const revoked = { KeyId: brokerKey, GrantId: volume?.GrantId ?? '' };
  await remote.kms.send(new RevokeGrantCommand(revoked));
  const stopped = await waxwing.brokerIs(brokerId, 'CRITICAL_ACTION_REQUIRED');
  const [action] = stopped.ActionsRequired ?? [];
  assert.equal(action?.ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId: brokerId }));
  await until('no grant is left', async () => (await grants()).length === 0);
});

test('both trails have the calls, and no credential is stored or logged', async () => {
  const own = (await trailEvents(waxwing)).filter(({ additionalEventData }) =>
    JSON.stringify(additionalEventData ?? {}).includes(relay.url),
  );
  const names = new Set(own.map(({ eventName }) => eventName));
  const expected = ['CreateGrant', 'Decrypt', 'DescribeKey', 'GenerateDataKeyWithoutPlaintext'];
  for (const name of [...expected, 'Encrypt', 'ListGrants', 'RetireGrant'])
    assert.ok(names.has(name), name);
  const created = own.find(({ eventName }) => eventName === 'CreateGrant');
  assert.equal(created?.resources?.[0]?.ARN, brokerKey);
  const told = created?.additionalEventData as { readonly remoteRequestId?: string } | undefined;
  const theirs = await eventsNamed(remote, 'CreateGrant');
  assert.ok(theirs.some(({ requestID }) => requestID === told?.remoteRequestId));
  const { secret } = secretOf(waxwing);
  const shown = JSON.stringify(await trailEvents(waxwing)) + waxwing.output;
  assert.ok(secret.length > 30 && !shown.includes(secret));
});

/** The secret access key in the environment of the service. */
function secretOf({ pid }: Waxwing): { readonly secret: string } {
  const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  const found = variables.find((text) => text.startsWith('AWS_SECRET_ACCESS_KEY='));
  return { secret: found?.split('=')[1] ?? '' };
}

test('every request is valid by the model of botocore', (t) => {
  const found = judged(relay.requests);
  if (typeof found === 'string') return t.skip(found);
  assert.ok(found.length > 20);
  const problems = found.flatMap((each, i) =>
    each.map((problem) => `${relay.requests[i]?.target}: ${problem}`),
  );
  assert.deepEqual([...new Set(problems)], []);
});
