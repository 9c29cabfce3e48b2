import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateBrokerCommand,
  CreateConfigurationCommand,
  CreateTagsCommand,
  CreateUserCommand,
  DeleteBrokerCommand,
  DeleteConfigurationCommand,
  DeleteTagsCommand,
  DeleteUserCommand,
  DescribeBrokerCommand,
  DescribeBrokerEngineTypesCommand,
  DescribeBrokerInstanceOptionsCommand,
  DescribeConfigurationCommand,
  DescribeConfigurationRevisionCommand,
  DescribeUserCommand,
  ListTagsCommand,
  paginateListBrokers,
  RebootBrokerCommand,
  UpdateBrokerCommand,
  UpdateConfigurationCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-mq';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { createKey, password } from '../../support/broker-requests.ts';
import { brokerXml } from '../../support/configuration-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';

// The calls of Terraform's resources aws_mq_broker and aws_mq_configuration and their data sources,
// in order, and the answers that they compare with the declaration. A plan is empty only if all of
// them are equal.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

const encode = (text: string) => Buffer.from(text).toString('base64');

/** The call with which the provider reads the tags of a resource whose description has none. */
async function listTags(ResourceArn: string): Promise<Readonly<Record<string, string>>> {
  const { Tags } = await plane.mq.send(new ListTagsCommand({ ResourceArn }));
  return Tags ?? {};
}

/** The calls with which aws_mq_configuration reads its state. */
async function readConfiguration(ConfigurationId: string) {
  const found = await plane.mq.send(new DescribeConfigurationCommand({ ConfigurationId }));
  const { LatestRevision } = found;
  const revision = await plane.mq.send(
    new DescribeConfigurationRevisionCommand({
      ConfigurationId,
      ConfigurationRevision: String(LatestRevision?.Revision),
    }),
  );
  return {
    arn: found.Arn,
    authentication_strategy: found.AuthenticationStrategy,
    data: Buffer.from(revision.Data ?? '', 'base64').toString(),
    description: LatestRevision?.Description,
    engine_type: found.EngineType,
    engine_version: found.EngineVersion,
    latest_revision: LatestRevision?.Revision,
    name: found.Name,
    tags: found.Tags,
  };
}

/**
 * The version as the provider compares it: patches of newer brokers are Amazon MQ's own business.
 */
function normalised(version = '', isUpgraded = false): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = major === 5 ? minor >= 18 : major > 3 || minor >= 13;
  return isUpgraded && isNew ? `${major}.${minor}` : version;
}

/**
 * The calls with which aws_mq_broker reads its state: the broker, and every user in its
 * description.
 */
async function readBroker(BrokerId: string) {
  const found = await plane.mq.send(new DescribeBrokerCommand({ BrokerId }));
  const users = [];
  for (const { Username = '' } of found.Users ?? []) {
    const user = await plane.mq.send(new DescribeUserCommand({ BrokerId, Username }));
    users.push({
      username: user.Username,
      console_access: user.ConsoleAccess,
      groups: user.Groups,
      replication_user: user.ReplicationUser,
    });
  }
  const { Logs, MaintenanceWindowStartTime: window, EncryptionOptions: encryption } = found;
  const current = found.Configurations?.Current;
  return {
    authentication_strategy: found.AuthenticationStrategy,
    auto_minor_version_upgrade: found.AutoMinorVersionUpgrade,
    broker_name: found.BrokerName,
    configuration: current ? [{ id: current.Id, revision: current.Revision }] : [],
    data_replication_mode: found.DataReplicationMode,
    deployment_mode: found.DeploymentMode,
    encryption_options: [
      { kms_key_id: encryption?.KmsKeyId, use_aws_owned_key: encryption?.UseAwsOwnedKey },
    ],
    engine_type: found.EngineType,
    engine_version: normalised(found.EngineVersion, found.AutoMinorVersionUpgrade),
    host_instance_type: found.HostInstanceType,
    ldap_server_metadata: found.LdapServerMetadata ? [found.LdapServerMetadata] : [],
    logs: [{ general: Logs?.General, audit: String(Logs?.Audit ?? '') }],
    maintenance_window_start_time: [
      {
        day_of_week: window?.DayOfWeek,
        time_of_day: window?.TimeOfDay,
        time_zone: window?.TimeZone,
      },
    ],
    pending_data_replication_mode: found.PendingDataReplicationMode,
    publicly_accessible: found.PubliclyAccessible,
    security_groups: found.SecurityGroups,
    storage_type: found.StorageType,
    subnet_ids: found.SubnetIds,
    tags: found.Tags,
    user: users,
  };
}

/** Waits as the provider does: any state but these is an error. */
async function waitFor(BrokerId: string, pending: readonly string[], target: string) {
  for (;;) {
    const { BrokerState = '' } = await plane.mq.send(new DescribeBrokerCommand({ BrokerId }));
    if (BrokerState === target) return;
    assert.ok(pending.includes(BrokerState), `unexpected state ${BrokerState}`);
    await plane.settled();
  }
}

const creating = ['CREATION_IN_PROGRESS', 'REBOOT_IN_PROGRESS'];
const deleting = ['CREATION_FAILED', 'DELETION_IN_PROGRESS', 'REBOOT_IN_PROGRESS', 'RUNNING'];

async function destroy(BrokerId: string): Promise<void> {
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await waitFor(BrokerId, deleting, '').catch((error: Error) => {
    assert.equal(error.name, 'NotFoundException');
  });
}

const rebootAndWait = async (BrokerId: string) => {
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await waitFor(BrokerId, ['REBOOT_IN_PROGRESS'], 'RUNNING');
};

const firstXml = brokerXml('\n  <plugins>\n    <statisticsBrokerPlugin/>\n  </plugins>\n');
const secondXml = brokerXml(
  '\n  <plugins>\n    <forcePersistencyModeBrokerPlugin/>\n  </plugins>\n',
);

async function makeConfiguration(name: string): Promise<string> {
  const made = await plane.mq.send(
    new CreateConfigurationCommand({
      Name: name,
      EngineType: 'ActiveMQ' as 'ACTIVEMQ',
      EngineVersion: '5.18',
      Tags: { env: 'test' },
    }),
  );
  const { Id = '' } = made;
  await plane.mq.send(
    new UpdateConfigurationCommand({
      ConfigurationId: Id,
      Data: encode(firstXml),
      Description: 'd',
    }),
  );
  return Id;
}

test('aws_mq_configuration: create, empty plan, update, tag, destroy', async () => {
  const Id = await makeConfiguration('tf-configuration');
  const { arn, ...read } = await readConfiguration(Id);
  const declared = {
    authentication_strategy: 'simple',
    data: firstXml,
    description: 'd',
    engine_type: 'ActiveMQ',
    engine_version: '5.18',
    name: 'tf-configuration',
    tags: { env: 'test' },
  };
  assert.deepEqual(read, { ...declared, latest_revision: 2 });
  const change = { ConfigurationId: Id, Data: encode(secondXml), Description: 'e' };
  const { Warnings = [] } = await plane.mq.send(new UpdateConfigurationCommand(change));
  assert.deepEqual(Warnings, []);
  await plane.mq.send(new CreateTagsCommand({ ResourceArn: arn ?? '', Tags: { more: 'yes' } }));
  await plane.mq.send(new DeleteTagsCommand({ ResourceArn: arn ?? '', TagKeys: ['env'] }));
  const { arn: _, ...again } = await readConfiguration(Id);
  assert.deepEqual(await listTags(arn ?? ''), again.tags);
  const changed = { data: secondXml, description: 'e', tags: { more: 'yes' }, latest_revision: 3 };
  assert.deepEqual(again, { ...declared, ...changed });
  await plane.mq.send(new DeleteConfigurationCommand({ ConfigurationId: Id }));
  await assert.rejects(readConfiguration(Id), { name: 'NotFoundException' });
});

test('aws_mq_broker with ActiveMQ: all settings are read back, and changes are applied', async () => {
  const configurationId = await makeConfiguration('tf-of-broker');
  const keyArn = await createKey(plane);
  const window = { DayOfWeek: 'TUESDAY', TimeOfDay: '02:00', TimeZone: 'CET' } as const;
  const { BrokerId = '', BrokerArn = '' } = await plane.mq.send(
    new CreateBrokerCommand({
      BrokerName: 'tf-activemq',
      CreatorRequestId: 'terraform-20261128131342000000000001',
      AutoMinorVersionUpgrade: true,
      AuthenticationStrategy: 'simple' as 'SIMPLE',
      Configuration: { Id: configurationId, Revision: 2 },
      DeploymentMode: 'SINGLE_INSTANCE',
      EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId: keyArn },
      EngineType: 'ActiveMQ' as 'ACTIVEMQ',
      EngineVersion: '5.18',
      HostInstanceType: 'mq.m5.large',
      Logs: { General: true, Audit: true },
      MaintenanceWindowStartTime: window,
      PubliclyAccessible: true,
      SecurityGroups: ['sg-1'],
      StorageType: 'ebs' as 'EBS',
      SubnetIds: ['subnet-1'],
      Tags: { env: 'test' },
      Users: [
        { Username: 'Test', Password: password, ConsoleAccess: false },
        { Username: 'SecondTest', Password: password, ConsoleAccess: true, Groups: ['one', 'two'] },
      ],
    }),
  );
  await waitFor(BrokerId, creating, 'RUNNING');
  const user = (username: string, console_access: boolean, groups: readonly string[]) => {
    return { username, console_access, groups, replication_user: false };
  };
  const declared = {
    authentication_strategy: 'simple',
    auto_minor_version_upgrade: true,
    broker_name: 'tf-activemq',
    configuration: [{ id: configurationId, revision: 2 }],
    data_replication_mode: 'NONE',
    deployment_mode: 'SINGLE_INSTANCE',
    encryption_options: [{ kms_key_id: keyArn, use_aws_owned_key: false }],
    engine_type: 'ActiveMQ',
    engine_version: '5.18',
    host_instance_type: 'mq.m5.large',
    ldap_server_metadata: [],
    logs: [{ general: true, audit: 'true' }],
    maintenance_window_start_time: [
      { day_of_week: 'TUESDAY', time_of_day: '02:00', time_zone: 'CET' },
    ],
    pending_data_replication_mode: undefined,
    publicly_accessible: true,
    security_groups: ['sg-1'],
    storage_type: 'ebs',
    subnet_ids: ['subnet-1'],
    tags: { env: 'test' },
    user: [user('SecondTest', true, ['one', 'two']), user('Test', false, [])],
  };
  assert.deepEqual(await readBroker(BrokerId), declared);
  await hasInstances(BrokerId);

  // `apply_immediately`: what is changed, the reboot, and what is read then.
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, SecurityGroups: ['sg-1', 'sg-2'] }));
  await plane.mq.send(
    new UpdateBrokerCommand({
      BrokerId,
      Configuration: { Id: configurationId, Revision: 1 },
      EngineVersion: '5.19',
      Logs: { General: false, Audit: true },
    }),
  );
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, HostInstanceType: 'mq.m5.xlarge' }));
  await plane.mq.send(
    new CreateUserCommand({ BrokerId, Username: 'Third', Password: password, Groups: ['new'] }),
  );
  const groups = { Groups: ['two'], ConsoleAccess: true, Password: password };
  await plane.mq.send(new UpdateUserCommand({ BrokerId, Username: 'SecondTest', ...groups }));
  await plane.mq.send(new DeleteUserCommand({ BrokerId, Username: 'Test' }));
  await rebootAndWait(BrokerId);
  await plane.mq.send(new CreateTagsCommand({ ResourceArn: BrokerArn, Tags: { a: 'b' } }));
  assert.deepEqual(await readBroker(BrokerId), {
    ...declared,
    configuration: [{ id: configurationId, revision: 1 }],
    engine_version: '5.19',
    host_instance_type: 'mq.m5.xlarge',
    logs: [{ general: false, audit: 'true' }],
    security_groups: ['sg-1', 'sg-2'],
    tags: { env: 'test', a: 'b' },
    user: [user('SecondTest', true, ['two']), user('Third', false, ['new'])],
  });
  assert.deepEqual(await listTags(BrokerArn), { env: 'test', a: 'b' });
  await destroy(BrokerId);
  await assert.rejects(readBroker(BrokerId), { name: 'NotFoundException' });
  await assert.rejects(listTags(BrokerArn), { name: 'NotFoundException' });
});

/**
 * `instances.0.console_url`, `.ip_address` and `.endpoints`, as the provider's own tests match
 * them.
 */
async function hasInstances(BrokerId: string): Promise<void> {
  const { BrokerInstances = [] } = await plane.mq.send(new DescribeBrokerCommand({ BrokerId }));
  const [instance] = BrokerInstances;
  assert.equal(BrokerInstances.length, 1);
  assert.match(instance?.ConsoleURL ?? '', /^https:\/\/[^/]+:\d+/);
  assert.match(instance?.IpAddress ?? '', /^\d+\.\d+\.\d+\.\d+$/);
  const schemes = ['ssl', 'amqp+ssl', 'stomp+ssl', 'mqtt+ssl', 'wss'];
  assert.deepEqual(
    instance?.Endpoints?.map((url) => /^([a-z+]+):\/\/[^:]+:\d+$/.exec(url)?.[1]),
    schemes,
  );
}

test('aws_mq_broker with RabbitMQ: no users or configuration are read, and the plan is empty', async () => {
  const { BrokerId = '' } = await plane.mq.send(
    new CreateBrokerCommand({
      BrokerName: 'tf-rabbitmq',
      AutoMinorVersionUpgrade: true,
      DeploymentMode: 'SINGLE_INSTANCE',
      EngineType: 'RabbitMQ' as 'RABBITMQ',
      EngineVersion: '3.13',
      HostInstanceType: 'mq.m5.large',
      Logs: { General: false },
      PubliclyAccessible: false,
      Users: [{ Username: 'Test', Password: password }],
    }),
  );
  await waitFor(BrokerId, creating, 'RUNNING');
  const read = await readBroker(BrokerId);
  assert.deepEqual(
    [read.engine_type, read.engine_version, read.storage_type, read.authentication_strategy],
    ['RabbitMQ', '3.13', 'ebs', 'simple'],
  );
  assert.deepEqual([read.user, read.configuration], [[], []]);
  assert.deepEqual(read.logs, [{ general: false, audit: '' }]);
  assert.deepEqual(read.encryption_options, [{ kms_key_id: undefined, use_aws_owned_key: true }]);
  const { BrokerInstances = [] } = await plane.mq.send(new DescribeBrokerCommand({ BrokerId }));
  assert.equal(BrokerInstances[0]?.IpAddress, undefined);
  assert.equal(BrokerInstances[0]?.Endpoints?.length, 1);
  await destroy(BrokerId);
});

test('aws_mq_broker with LDAP: the server is read back without its password, and is stable', async () => {
  const server = {
    Hosts: ['my.ldap.server-1.com', 'my.ldap.server-2.com'],
    RoleBase: 'role.base',
    RoleName: 'role.name',
    RoleSearchMatching: 'role.search.matching',
    RoleSearchSubtree: true,
    ServiceAccountUsername: 'anyusername',
    UserBase: 'user.base',
    UserRoleName: 'user.role.name',
    UserSearchMatching: 'user.search.matching',
    UserSearchSubtree: true,
  };
  const { BrokerId = '' } = await plane.mq.send(
    new CreateBrokerCommand({
      BrokerName: 'tf-ldap',
      AutoMinorVersionUpgrade: true,
      AuthenticationStrategy: 'ldap' as 'LDAP',
      DeploymentMode: 'SINGLE_INSTANCE',
      EngineType: 'ActiveMQ' as 'ACTIVEMQ',
      EngineVersion: '5.19',
      HostInstanceType: 'mq.m5.large',
      LdapServerMetadata: { ...server, ServiceAccountPassword: 'supersecret' },
      Logs: { General: true },
      PubliclyAccessible: false,
      Users: [{ Username: 'anyusername', Password: password }],
    }),
  );
  await waitFor(BrokerId, creating, 'RUNNING');
  const read = await readBroker(BrokerId);
  assert.equal(read.authentication_strategy, 'ldap');
  assert.deepEqual(read.ldap_server_metadata, [server]);
  assert.deepEqual(await readBroker(BrokerId), read);
  await destroy(BrokerId);
});

test('aws_mq_broker: windows, upgrades and logs change without a reboot, as on AWS', async () => {
  const { BrokerId = '', BrokerArn = '' } = await plane.mq.send(
    new CreateBrokerCommand({
      BrokerName: 'tf-changes',
      AutoMinorVersionUpgrade: true,
      DeploymentMode: 'SINGLE_INSTANCE',
      EngineType: 'RabbitMQ' as 'RABBITMQ',
      EngineVersion: '3.13',
      HostInstanceType: 'mq.m5.large',
      Logs: { General: false },
      MaintenanceWindowStartTime: { DayOfWeek: 'MONDAY', TimeOfDay: '01:00', TimeZone: 'UTC' },
      PubliclyAccessible: false,
      Users: [{ Username: 'Test', Password: password }],
    }),
  );
  await waitFor(BrokerId, creating, 'RUNNING');
  const first = await readBroker(BrokerId);
  const window = { DayOfWeek: 'FRIDAY', TimeOfDay: '03:30', TimeZone: 'Europe/Berlin' } as const;
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, MaintenanceWindowStartTime: window }));
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, AutoMinorVersionUpgrade: true }));
  // Without `apply_immediately`, nothing reboots, and the plan shows the change again.
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, Logs: { General: true } }));
  await plane.mq.send(new CreateTagsCommand({ ResourceArn: BrokerArn, Tags: { a: 'b' } }));
  const maintenance_window_start_time = [
    { day_of_week: 'FRIDAY', time_of_day: '03:30', time_zone: 'Europe/Berlin' },
  ];
  const changed = { ...first, maintenance_window_start_time, tags: { a: 'b' } };
  assert.deepEqual(await readBroker(BrokerId), changed);
  await rebootAndWait(BrokerId);
  const after = { ...changed, logs: [{ general: true, audit: '' }] };
  assert.deepEqual(await readBroker(BrokerId), after);
  assert.deepEqual(await readBroker(BrokerId), after);
  await plane.mq.send(new DeleteTagsCommand({ ResourceArn: BrokerArn, TagKeys: ['a'] }));
  assert.deepEqual((await readBroker(BrokerId)).tags, {});
  await destroy(BrokerId);
});

test('the instance type data source reads all pages without a filter', async () => {
  const found = new Set<string>();
  let NextToken: string | undefined;
  do {
    const page = await plane.mq.send(
      new DescribeBrokerInstanceOptionsCommand({
        MaxResults: 5,
        ...(NextToken !== undefined && { NextToken }),
      }),
    );
    for (const row of page.BrokerInstanceOptions ?? []) {
      found.add(`${row.EngineType} ${row.HostInstanceType} ${row.StorageType}`);
      assert.ok((row.SupportedEngineVersions?.length ?? 0) > 0);
      assert.ok((row.SupportedDeploymentModes?.length ?? 0) > 0);
      assert.ok(row.AvailabilityZones?.[0]?.Name);
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  for (const row of [
    'ACTIVEMQ mq.m5.large EBS',
    'ACTIVEMQ mq.m5.large EFS',
    'RABBITMQ mq.m5.large EBS',
  ]) {
    assert.ok(found.has(row), row);
  }
  const types = await plane.mq.send(new DescribeBrokerEngineTypesCommand({}));
  const versions = (type: string) =>
    types.BrokerEngineTypes?.find(({ EngineType }) => EngineType === type)?.EngineVersions?.map(
      ({ Name }) => Name,
    );
  assert.deepEqual(versions('ACTIVEMQ'), ['5.19', '5.18']);
  assert.ok(versions('RABBITMQ')?.includes('3.13'));
});

test('the data sources find brokers by name, engine types and instance types', async () => {
  const request = {
    DeploymentMode: 'SINGLE_INSTANCE',
    EngineType: 'RABBITMQ',
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: false,
    Users: [{ Username: 'Test', Password: password }],
  } as const;
  const made = await plane.mq.send(
    new CreateBrokerCommand({
      ...request,
      BrokerName: 'tf-data-source',
      EngineVersion: '3.13',
      Users: [...request.Users],
    }),
  );
  const found: (string | undefined)[] = [];
  for await (const page of paginateListBrokers({ client: plane.mq, pageSize: 5 }, {})) {
    for (const { BrokerId, BrokerName } of page.BrokerSummaries ?? []) {
      if (BrokerName === 'tf-data-source') found.push(BrokerId);
    }
  }
  assert.deepEqual(found, [made.BrokerId]);
  const { BrokerEngineTypes } = await plane.mq.send(
    new DescribeBrokerEngineTypesCommand({ EngineType: 'ACTIVEMQ' }),
  );
  assert.deepEqual(
    BrokerEngineTypes?.map(({ EngineType }) => EngineType),
    ['ACTIVEMQ'],
  );
  const { BrokerInstanceOptions = [] } = await plane.mq.send(
    new DescribeBrokerInstanceOptionsCommand({
      EngineType: 'ACTIVEMQ',
      HostInstanceType: 'mq.m5.large',
      StorageType: 'EBS',
    }),
  );
  const [option] = BrokerInstanceOptions;
  assert.deepEqual(
    [option?.StorageType, option?.SupportedDeploymentModes, option?.SupportedEngineVersions],
    ['EBS', ['SINGLE_INSTANCE'], ['5.19', '5.18']],
  );
  assert.ok(option?.AvailabilityZones?.[0]?.Name);
});
