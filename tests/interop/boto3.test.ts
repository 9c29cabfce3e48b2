import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { allOffers } from '../../src/control/offers/offers.ts';
import { Boto3 } from '../support/boto3.ts';
import { planeCertificates } from '../support/certificates.ts';
import { brokerXml } from '../support/configuration-requests.ts';
import { accountId, ControlPlane, Machine, region } from '../support/control-plane.ts';
import { IdentityProvider } from '../support/identity-provider.ts';
import { findPrograms } from '../support/other-programs.ts';

const pythons = await findPrograms({
  name: 'python3',
  versionArguments: ['-c', 'import boto3; print("boto3", boto3.__version__)'],
  package: 'python3-boto3',
});
const password = 'correct-horse-battery';

/** A control plane whose clock shows this machine's time, by which boto3 signs. */
async function startNow(): Promise<ControlPlane> {
  const machine = new Machine(allOffers);
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  machine.authorities = (await planeCertificates()).authority;
  return ControlPlane.start(machine);
}

async function lifeOfABroker(boto3: Boto3, plane: ControlPlane): Promise<void> {
  const { KeyMetadata: key } = await boto3.call('kms', 'create_key', { Description: 'orders' });
  assert.equal(key.KeyState, 'Enabled');
  const created = await boto3.call('mq', 'create_broker', {
    BrokerName: 'orders',
    EngineType: 'RABBITMQ',
    EngineVersion: '3.13',
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: true,
    EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId: key.Arn },
    Users: [{ Username: 'admin', Password: password }],
    Tags: { team: 'shop' },
  });
  const { BrokerId } = created;
  await plane.settled();
  const described = await boto3.call('mq', 'describe_broker', { BrokerId });
  assert.equal(described.BrokerState, 'RUNNING');
  assert.equal(described.EngineType, 'RabbitMQ');
  assert.deepEqual(described.EncryptionOptions, { KmsKeyId: key.Arn, UseAwsOwnedKey: false });
  assert.deepEqual(described.Tags, { team: 'shop' });
  assert.match(described.BrokerInstances[0].Endpoints[0], /^amqps:\/\/localhost:\d+$/);
  assert.match(described.Created, /^\d{4}-\d\d-\d\dT/);
  await looksAtTheTrail(boto3, key.Arn);
  await losesAndRegainsTheKey(boto3, plane, BrokerId, key.KeyId);
  await boto3.call('mq', 'reboot_broker', { BrokerId });
  await plane.settled();
  await tags(boto3, created.BrokerArn);
  await boto3.call('mq', 'delete_broker', { BrokerId });
  await plane.settled();
  await assert.rejects(boto3.call('mq', 'describe_broker', { BrokerId }), {
    code: 'NotFoundException',
    status: 404,
    message: `Can't find requested broker [${BrokerId}]. Make sure your broker exists.`,
  });
  const { Grants } = await boto3.call('kms', 'list_grants', { KeyId: key.Arn });
  assert.deepEqual(Grants, []);
}

async function looksAtTheTrail(boto3: Boto3, keyArn: string): Promise<void> {
  const { Events } = await boto3.call('cloudtrail', 'lookup_events', {
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CreateGrant' }],
  });
  const records = Events.map(({ CloudTrailEvent }: { CloudTrailEvent: string }) =>
    JSON.parse(CloudTrailEvent),
  );
  assert.deepEqual(
    records.map(({ eventSource }: { eventSource: string }) => eventSource),
    ['kms.amazonaws.com', 'amazonmq.amazonaws.com'],
  );
  assert.equal(records[0].resources[0].ARN, keyArn);
  assert.equal(records[0].requestParameters.retiringPrincipal, `ec2.${region}.amazonaws.com`);
}

async function losesAndRegainsTheKey(
  boto3: Boto3,
  plane: ControlPlane,
  BrokerId: string,
  KeyId: string,
): Promise<void> {
  await boto3.call('kms', 'disable_key', { KeyId });
  await plane.settled();
  const lost = await boto3.call('mq', 'describe_broker', { BrokerId });
  assert.equal(lost.BrokerState, 'CRITICAL_ACTION_REQUIRED');
  assert.equal(lost.ActionsRequired[0].ActionRequiredCode, 'RABBITMQ_INVALID_KMS_KEY');
  await assert.rejects(boto3.call('mq', 'reboot_broker', { BrokerId }), {
    code: 'BadRequestException',
    status: 400,
  });
  await boto3.call('kms', 'enable_key', { KeyId });
  await plane.settled();
  const regained = await boto3.call('mq', 'describe_broker', { BrokerId });
  assert.equal(regained.BrokerState, 'RUNNING');
}

async function tags(boto3: Boto3, ResourceArn: string): Promise<void> {
  await boto3.call('mq', 'create_tags', { ResourceArn, Tags: { 'a b': 'é/+' } });
  await boto3.call('mq', 'delete_tags', { ResourceArn, TagKeys: ['team'] });
  const { Tags } = await boto3.call('mq', 'list_tags', { ResourceArn });
  assert.deepEqual(Tags, { 'a b': 'é/+' });
}

/** A broker of ActiveMQ's type with a configuration and users, as boto3 sees it. */
async function lifeOfAnActiveMqBroker(boto3: Boto3, plane: ControlPlane): Promise<void> {
  const mq = (operation: string, input: object) => boto3.call('mq', operation, input);
  const made = await mq('create_configuration', {
    EngineType: 'ACTIVEMQ',
    EngineVersion: '5.18',
    Name: 'boto3',
  });
  const ConfigurationId = made.Id;
  const xml = brokerXml('<plugins><bean/></plugins>');
  const Data = Buffer.from(xml).toString('base64');
  const { Warnings } = await mq('update_configuration', { ConfigurationId, Data });
  const removed = [{ ElementName: 'bean', Reason: 'DISALLOWED_ELEMENT_REMOVED' }];
  assert.deepEqual(Warnings, removed);
  const revisions = await mq('list_configuration_revisions', { ConfigurationId });
  assert.equal(revisions.Revisions.length, 2);
  const second = { ConfigurationId, ConfigurationRevision: '2' };
  const { Data: kept } = await mq('describe_configuration_revision', second);
  assert.match(Buffer.from(kept, 'base64').toString(), /<plugins\/>/);
  const { BrokerId } = await mq('create_broker', {
    BrokerName: 'activemq',
    EngineType: 'ACTIVEMQ',
    EngineVersion: '5.18',
    DeploymentMode: 'SINGLE_INSTANCE',
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: false,
    AutoMinorVersionUpgrade: true,
    Configuration: { Id: ConfigurationId, Revision: 1 },
    Users: [{ Username: 'admin', Password: password, Groups: ['ops'] }],
  });
  await plane.settled();
  const user = { BrokerId, Username: 'worker' };
  await mq('create_user', { ...user, Password: password, Groups: ['work'] });
  await mq('update_user', { ...user, ConsoleAccess: true });
  const { Pending } = await mq('describe_user', user);
  assert.deepEqual(Pending, { PendingChange: 'CREATE', ConsoleAccess: true, Groups: ['work'] });
  await mq('update_broker', { BrokerId, Configuration: { Id: ConfigurationId, Revision: 2 } });
  await mq('reboot_broker', { BrokerId });
  await plane.settled();
  const { Users } = await mq('list_users', { BrokerId });
  assert.deepEqual(Users, [{ Username: 'admin' }, { Username: 'worker' }]);
  const { Configurations } = await mq('describe_broker', { BrokerId });
  assert.deepEqual(Configurations.Current, { Id: ConfigurationId, Revision: 2 });
  await mq('delete_user', user);
  await mq('delete_broker', { BrokerId });
  await plane.settled();
}

async function usesAKey(boto3: Boto3): Promise<void> {
  const { KeyMetadata } = await boto3.call('kms', 'create_key');
  const { KeyId } = KeyMetadata;
  const Plaintext = { $bytes: Buffer.from('a text').toString('base64') };
  const EncryptionContext = { tenant: 'é' };
  const encrypt = { KeyId, Plaintext, EncryptionContext };
  const { CiphertextBlob } = await boto3.call('kms', 'encrypt', encrypt);
  const opened = await boto3.call('kms', 'decrypt', { CiphertextBlob, EncryptionContext });
  assert.deepEqual(opened.Plaintext, Plaintext);
  // The message is empty, as in AWS.
  await assert.rejects(boto3.call('kms', 'decrypt', { CiphertextBlob }), {
    code: 'InvalidCiphertextException',
    status: 400,
  });
  await assert.rejects(boto3.call('kms', 'describe_key', { KeyId: 'alias/none' }), {
    code: 'NotFoundException',
    status: 400,
  });
}

/** Exchanges the token of an OIDC provider for credentials of a role. */
async function usesAnIdentityProvider(boto3: Boto3): Promise<void> {
  const issuer = await IdentityProvider.start();
  try {
    const { OpenIDConnectProviderArn: Federated } = await boto3.call(
      'iam',
      'create_open_id_connect_provider',
      // Older models require thumbprints.
      { Url: issuer.url, ClientIDList: ['waxwing'], ThumbprintList: ['ab'.repeat(20)] },
    );
    const Statement = {
      Effect: 'Allow',
      Principal: { Federated },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringEquals: { [`${issuer.name}:sub`]: 'anna' } },
    };
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    const { Role } = await boto3.call('iam', 'create_role', {
      RoleName: 'shift',
      AssumeRolePolicyDocument,
    });
    const exchange = async (sub: string) =>
      boto3.call('sts', 'assume_role_with_web_identity', {
        RoleArn: Role.Arn,
        RoleSessionName: 'anna',
        WebIdentityToken: await issuer.token(systemClock.nowMs(), { sub }),
      });
    const { Credentials, Provider } = await exchange('anna');
    assert.match(Credentials.AccessKeyId, /^ASIA/);
    assert.equal(Provider, Federated);
    await assert.rejects(exchange('bert'), { code: 'AccessDenied', status: 403 });
  } finally {
    await issuer.close();
  }
}

if (typeof pythons === 'string') {
  test('boto3 creates, uses and deletes a broker with a KMS key', { skip: pythons }, () => {});
} else {
  for (const { path, version } of pythons) {
    test(`${version} performs the whole life cycle of a broker with a customer managed key`, async () => {
      const plane = await startNow();
      const boto3 = new Boto3(path, plane);
      try {
        await lifeOfABroker(boto3, plane);
        await lifeOfAnActiveMqBroker(boto3, plane);
        await usesAKey(boto3);
        await usesAnIdentityProvider(boto3);
        assert.deepEqual(await boto3.call('sts', 'get_caller_identity'), {
          UserId: accountId,
          Account: accountId,
          Arn: `arn:aws:iam::${accountId}:root`,
        });
        const denied = boto3.call('iam', 'list_saml_providers');
        await assert.rejects(denied, { code: 'InvalidAction' });
        assert.deepEqual(plane.unexpectedErrors, []);
        assert.equal(plane.written.includes(password), false);
      } finally {
        boto3.close();
        await plane.close();
      }
    });
  }
}
