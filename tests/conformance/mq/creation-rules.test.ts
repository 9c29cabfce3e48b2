import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CreateBrokerCommandInput } from '@aws-sdk/client-mq';
import {
  brokerRequest,
  createBroker,
  describeBroker,
  password,
} from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start();
});
after(() => plane.close());

type Changes = { readonly [Name in keyof CreateBrokerCommandInput]?: unknown };

function send(changes: Changes) {
  // The tested requests are not permitted by the client's types.
  return plane.mq.send(brokerRequest(changes as Partial<CreateBrokerCommandInput>));
}

function user(Username: string, Password: string): Changes {
  return { Users: [{ Username, Password }] };
}

const nameRule =
  'It must be 1 to 50 characters long and contain only letters, digits, hyphens (-) and underscores (_).';
const usernameRule =
  'It must be 2 to 100 characters long and contain only letters, digits, hyphens (-), periods (.) and underscores (_).';
const passwordSigns =
  'The password must consist of printable ASCII characters without commas (,), colons (:) and equal signs (=).';
const manyTags = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`key-${i}`, '']));
const window = { DayOfWeek: 'MONDAY', TimeOfDay: '02:00' };

const tagRule = (key: string) =>
  `The tag with key [${key}] contains characters other than letters, digits, spaces and _.:/=+-@`;

type Refusal = readonly [what: string, changes: Changes, attribute: string, message: string];

const refusals: readonly Refusal[] = [
  ['an empty name', { BrokerName: '' }, 'brokerName', `Broker name [] is invalid. ${nameRule}`],
  [
    'a name with a space',
    { BrokerName: 'my broker' },
    'brokerName',
    `Broker name [my broker] is invalid. ${nameRule}`,
  ],
  [
    'a name of 51 characters',
    { BrokerName: 'a'.repeat(51) },
    'brokerName',
    `Broker name [${'a'.repeat(51)}] is invalid. ${nameRule}`,
  ],
  [
    'no user',
    { Users: [] },
    'users',
    '0 users are given; a RabbitMQ broker is created with exactly 1.',
  ],
  [
    'two users',
    {
      Users: [
        { Username: 'one', Password: password },
        { Username: 'two', Password: password },
      ],
    },
    'users',
    '2 users are given; a RabbitMQ broker is created with exactly 1.',
  ],
  [
    'a username of 1 character',
    user('a', password),
    'username',
    `Username [a] is invalid. ${usernameRule}`,
  ],
  [
    'a username with a tilde',
    user('a~b', password),
    'username',
    `Username [a~b] is invalid. ${usernameRule}`,
  ],
  ['the username guest', user('guest', password), 'username', 'Username [guest] is reserved.'],
  [
    'a password of 11 characters',
    user('admin', 'abcdefghijk'),
    'password',
    'The password has 11 characters; 12 to 250 are allowed.',
  ],
  [
    'a password of 251 characters',
    user('admin', `${'abcde'.repeat(50)}f`),
    'password',
    'The password has 251 characters; 12 to 250 are allowed.',
  ],
  ['a password with a comma', user('admin', 'abcdefghijk,'), 'password', passwordSigns],
  ['a password with a colon', user('admin', 'abcdefghijk:'), 'password', passwordSigns],
  ['a password with an equal sign', user('admin', 'abcdefghijk='), 'password', passwordSigns],
  ['a password beyond ASCII', user('admin', 'abcdefghijkö'), 'password', passwordSigns],
  [
    'a password of three different characters',
    user('admin', 'abcabcabcabc'),
    'password',
    'The password has 3 different characters; at least 4 are required.',
  ],
  [
    'an engine that there is not',
    { EngineType: 'KAFKA' },
    'engineType',
    'Broker engine type [KAFKA] is invalid. Valid values are: [RABBITMQ]',
  ],
  [
    'an engine that is not offered',
    { EngineType: 'ACTIVEMQ' },
    'engineType',
    'Broker engine type [ACTIVEMQ] is invalid. Valid values are: [RABBITMQ]',
  ],
  [
    'an engine version that is not offered',
    { EngineVersion: '3.8.6' },
    'engineVersion',
    'Broker engine version [3.8.6] is invalid. Valid values are: [4.3, 4.2, 3.13]',
  ],
  [
    'an unknown instance type',
    { HostInstanceType: 'mq.z9.huge' },
    'hostInstanceType',
    'Broker engine type [RabbitMQ] does not support host instance type [mq.z9.huge].',
  ],
  [
    'an instance type that does not go with the version',
    { HostInstanceType: 'mq.m5.large', EngineVersion: '4.2' },
    'hostInstanceType',
    'Broker engine type [RabbitMQ] does not support host instance type [mq.m5.large] with engine ' +
      'version [4.2]. Versions with this instance type: [3.13]',
  ],
  [
    'a cluster',
    { DeploymentMode: 'CLUSTER_MULTI_AZ' },
    'deploymentMode',
    'Deployment mode [CLUSTER_MULTI_AZ] is invalid for engine type [RabbitMQ]. Valid values are: [SINGLE_INSTANCE]',
  ],
  [
    'storage that RabbitMQ cannot have',
    { StorageType: 'EFS' },
    'storageType',
    'Storage type [EFS] is invalid for engine type [RabbitMQ]. Valid values are: [EBS]',
  ],
  [
    'LDAP as a strategy',
    { AuthenticationStrategy: 'LDAP' },
    'authenticationStrategy',
    'Authentication strategy [LDAP] is invalid for engine type [RabbitMQ]. Valid values are: [SIMPLE, CONFIG_MANAGED]',
  ],
  [
    'LDAP settings',
    {
      LdapServerMetadata: {
        Hosts: ['ldap.example.com'],
        RoleBase: 'r',
        RoleSearchMatching: 'm',
        ServiceAccountUsername: 'u',
        ServiceAccountPassword: 'p',
        UserBase: 'b',
        UserSearchMatching: 'm',
      },
    },
    'ldapServerMetadata',
    'LDAP is not supported for RabbitMQ brokers.',
  ],
  [
    'a configuration',
    { Configuration: { Id: 'c-1' } },
    'configuration',
    "Can't find requested configuration [c-1]. Make sure your configuration exists.",
  ],
  [
    'an audit log, even where it is off',
    { Logs: { Audit: false, General: true } },
    'audit',
    'Audit logging is not supported for RabbitMQ brokers.',
  ],
  [
    'no minor upgrades',
    { AutoMinorVersionUpgrade: false },
    'autoMinorVersionUpgrade',
    'Automatic minor version upgrade must be enabled for RabbitMQ 3.13 and above.',
  ],
  [
    'replication',
    { DataReplicationMode: 'CRDR' },
    'dataReplicationMode',
    'Data replication is not supported for RabbitMQ brokers.',
  ],
  [
    'two subnets',
    { SubnetIds: ['subnet-1', 'subnet-2'] },
    'subnetIds',
    '2 subnets are given, a single instance has 1.',
  ],
  [
    'six security groups',
    { SecurityGroups: ['1', '2', '3', '4', '5', '6'] },
    'securityGroups',
    '6 security groups are given; at most 5 are allowed.',
  ],
  [
    'a maintenance window past midnight',
    { MaintenanceWindowStartTime: { ...window, TimeOfDay: '24:00' } },
    'timeOfDay',
    'Time of day [24:00] is invalid. It must be HH:MM, 00:00 to 23:59.',
  ],
  [
    'a maintenance window in no time zone',
    { MaintenanceWindowStartTime: { ...window, TimeZone: 'Middle/Earth' } },
    'timeZone',
    'Time zone [Middle/Earth] is unknown.',
  ],
  [
    'fifty-one tags',
    { Tags: manyTags },
    'tags',
    'The broker would have 51 tags; at most 50 are allowed.',
  ],
  [
    'an empty tag key',
    { Tags: { '': 'x' } },
    'tags',
    'A tag key has 0 characters; 1 to 128 are allowed.',
  ],
  [
    'a tag key of 129 characters',
    { Tags: { ['k'.repeat(129)]: '' } },
    'tags',
    'A tag key has 129 characters; 1 to 128 are allowed.',
  ],
  [
    'a tag value of 257 characters',
    { Tags: { k: 'v'.repeat(257) } },
    'tags',
    'A tag value has 257 characters; 0 to 256 are allowed.',
  ],
  ...['a#b', 'a\u0000', 'emoji \u{1f5dd}'].map((key): Refusal => {
    return [`the tag key ${JSON.stringify(key)}`, { Tags: { [key]: 'x' } }, 'tags', tagRule(key)];
  }),
  ['a tag value with a hash sign', { Tags: { k: 'a#b' } }, 'tags', tagRule('k')],
  [
    'a reserved tag key',
    { Tags: { 'aws:createdBy': 'me' } },
    'tags',
    'Tag key [aws:createdBy] has the reserved prefix aws:.',
  ],
];

for (const [what, changes, ErrorAttribute, message] of refusals) {
  test(`a broker with ${what} is refused`, async () => {
    await assert.rejects(send(changes), { name: 'BadRequestException', ErrorAttribute, message });
  });
}

test('a broker without required members is refused, naming each missing member', async () => {
  await assert.rejects(
    send({ BrokerName: undefined, EngineType: undefined, HostInstanceType: undefined }),
    {
      name: 'BadRequestException',
      ErrorAttribute: 'brokerName',
      message:
        "3 validation errors detected: Value null at 'brokerName' failed to satisfy constraint: " +
        "Member must not be null; Value null at 'engineType' failed to satisfy constraint: Member " +
        "must not be null; Value null at 'hostInstanceType' failed to satisfy constraint: Member " +
        'must not be null',
    },
  );
});

test('a value of the wrong type is refused with the expected type', async () => {
  await assert.rejects(send({ PubliclyAccessible: 'yes' }), {
    name: 'BadRequestException',
    ErrorAttribute: 'publiclyAccessible',
    message: "'publiclyAccessible' is a string, but must be true or false",
  });
  await assert.rejects(send({ DeploymentMode: 'TRIPLE' }), {
    name: 'BadRequestException',
    ErrorAttribute: 'deploymentMode',
    message: /Member must satisfy enum value set: \[SINGLE_INSTANCE, /,
  });
});

test('no error message repeats a password', async () => {
  const secret = 'abcdefghijk:';
  await assert.rejects(send(user('admin', secret)), (error: Error) => {
    return !JSON.stringify(error).includes(secret) && !error.message.includes(secret);
  });
});

test('every accepted setting is returned in the casing of Amazon MQ', async () => {
  const id = await createBroker(plane, {
    BrokerName: 'All_of-it-42',
    // In the casing that Terraform's users write.
    EngineType: 'RabbitMQ' as 'RABBITMQ',
    EngineVersion: '3.13',
    HostInstanceType: 'mq.m5.large',
    PubliclyAccessible: true,
    AutoMinorVersionUpgrade: true,
    AuthenticationStrategy: 'simple' as 'SIMPLE',
    StorageType: 'ebs' as 'EBS',
    DataReplicationMode: 'NONE',
    Logs: { General: true },
    MaintenanceWindowStartTime: {
      DayOfWeek: 'FRIDAY',
      TimeOfDay: '23:59',
      TimeZone: 'Europe/Berlin',
    },
    SecurityGroups: ['sg-1', 'sg-2'],
    SubnetIds: ['subnet-1'],
    Tags: { team: 'logistics', __proto__x: '', 'a b': 'ü/=+-@' },
  });
  const {
    $metadata: _,
    Created,
    BrokerArn,
    BrokerInstances,
    ...shown
  } = await describeBroker(plane, id);
  assert.deepEqual(Created, new Date(plane.machine.clock.nowMs()));
  assert.ok(BrokerArn?.endsWith(`:broker:All_of-it-42:${id}`));
  assert.equal(BrokerInstances?.length, 1);
  assert.deepEqual(Object.keys(BrokerInstances?.[0] ?? {}).sort(), ['ConsoleURL', 'Endpoints']);
  assert.deepEqual(shown, {
    ActionsRequired: [],
    AuthenticationStrategy: 'simple',
    AutoMinorVersionUpgrade: true,
    BrokerId: id,
    BrokerName: 'All_of-it-42',
    BrokerState: 'RUNNING',
    DataReplicationMode: 'NONE',
    DeploymentMode: 'SINGLE_INSTANCE',
    EncryptionOptions: { UseAwsOwnedKey: true },
    EngineType: 'RabbitMQ',
    EngineVersion: '3.13',
    HostInstanceType: 'mq.m5.large',
    Logs: { General: true, GeneralLogGroup: `/aws/amazonmq/broker/${id}/general` },
    MaintenanceWindowStartTime: {
      DayOfWeek: 'FRIDAY',
      TimeOfDay: '23:59',
      TimeZone: 'Europe/Berlin',
    },
    PubliclyAccessible: true,
    SecurityGroups: ['sg-1', 'sg-2'],
    StorageType: 'ebs',
    SubnetIds: ['subnet-1'],
    Tags: { team: 'logistics', __proto__x: '', 'a b': 'ü/=+-@' },
    Users: [],
  });
});

test('a broker without a version gets the newest version that its instance type supports', async () => {
  const newest = await createBroker(plane);
  assert.equal((await describeBroker(plane, newest)).EngineVersion, '4.2');
  const older = await createBroker(plane, { HostInstanceType: 'mq.m5.large' });
  assert.equal((await describeBroker(plane, older)).EngineVersion, '3.13');
});
