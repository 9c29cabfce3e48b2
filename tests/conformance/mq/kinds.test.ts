import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DisableKeyCommand, EnableKeyCommand, ListGrantsCommand } from '@aws-sdk/client-kms';
import {
  type CreateBrokerCommandInput,
  DeleteBrokerCommand,
  DescribeBrokerEngineTypesCommand,
  DescribeBrokerInstanceOptionsCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { allOffers } from '../../../src/control/offers/offers.ts';
import {
  brokerRequest,
  createBroker,
  createKey,
  describeBroker,
  password,
  underKey,
} from '../../support/broker-requests.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Kinds of brokers: with an engine that runs all of them, each broker is created with the grants,
// volumes, instances and endpoints of its offer.

type Request = Partial<CreateBrokerCommandInput>;

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

const ebs = { context: 'aws:ebs:id', id: /^vol-[0-9a-f]{17}$/, principal: `ec2.${region}` };
const efs = {
  context: 'aws:elasticfilesystem:filesystem:id',
  id: /^fs-[0-9a-f]{17}$/,
  principal: `elasticfilesystem.${region}`,
};
const activeMq: Request = { EngineType: 'ACTIVEMQ', HostInstanceType: 'mq.m5.large' };
const schemes = ['ssl', 'amqp+ssl', 'stomp+ssl', 'mqtt+ssl', 'wss'];

interface Kind {
  readonly request: Request;
  readonly grants: Readonly<Record<string, number>>;
  readonly volumes: number;
  readonly storage: typeof ebs;
  readonly instances: number;
  readonly endpoints: readonly (readonly string[])[];
}

const kinds: Readonly<Record<string, Kind>> = {
  'RabbitMQ on a single instance': {
    request: {},
    grants: { mq_grant: 6 },
    volumes: 1,
    storage: ebs,
    instances: 1,
    endpoints: [['amqps']],
  },
  'RabbitMQ as a cluster': {
    request: { DeploymentMode: 'CLUSTER_MULTI_AZ' },
    grants: { mq_grant: 8, mq_rabbit_grant: 1 },
    volumes: 3,
    storage: ebs,
    instances: 3,
    endpoints: [['amqps']],
  },
  'ActiveMQ on a single instance': {
    request: activeMq,
    grants: { mq_grant: 6 },
    volumes: 1,
    storage: efs,
    instances: 1,
    endpoints: [schemes],
  },
  'ActiveMQ on a single instance with EBS': {
    request: { ...activeMq, StorageType: 'EBS' },
    grants: { mq_grant: 6 },
    volumes: 1,
    storage: ebs,
    instances: 1,
    endpoints: [schemes],
  },
  'ActiveMQ as a pair': {
    request: { ...activeMq, DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' },
    grants: { mq_grant: 6 },
    volumes: 1,
    storage: efs,
    instances: 2,
    endpoints: [schemes, schemes],
  },
};

for (const [name, kind] of Object.entries(kinds)) {
  test(`${name}: grants, volumes, instances and endpoints, until deletion`, async () => {
    const KeyId = await createKey(plane);
    const BrokerId = await createBroker(plane, { ...kind.request, ...underKey(KeyId) });
    const { Grants = [] } = await plane.kms.send(new ListGrantsCommand({ KeyId }));
    const named = Grants.filter(({ Constraints }) => Constraints === undefined);
    assert.deepEqual(
      Object.fromEntries(named.map(({ Name, Operations = [] }) => [Name, Operations.length])),
      kind.grants,
    );
    const { context, id, principal } = kind.storage;
    const ofVolumes = Grants.filter(({ Constraints }) => Constraints !== undefined);
    const ids = ofVolumes.map(
      ({ Constraints }) => Constraints?.EncryptionContextSubset?.[context] ?? '',
    );
    assert.equal(new Set(ids).size, kind.volumes);
    for (const volumeId of ids) assert.match(volumeId, id);
    const retiring = ofVolumes.map(({ RetiringPrincipal }) => RetiringPrincipal);
    assert.deepEqual([...new Set(retiring)], [`${principal}.amazonaws.com`]);
    const { instances, volumes } = plane.control.brokers.require(BrokerId);
    assert.equal(instances.length, kind.instances);
    assert.deepEqual(volumes.map((volume) => volume.id).sort(), ids.sort());
    const described = await describeBroker(plane, BrokerId);
    assert.equal(described.BrokerState, 'RUNNING');
    const found = (described.BrokerInstances ?? []).map(({ Endpoints = [] }) =>
      Endpoints.map((url) => url.slice(0, url.indexOf(':'))),
    );
    assert.deepEqual(found, kind.endpoints);
    await loseAndRegain(KeyId, BrokerId);
    await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
    await plane.settled();
    const epochs = plane.control.brokers.require(BrokerId).volumes.map(({ epoch }) => epoch);
    assert.deepEqual([...new Set(epochs)], [3]);
    await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
    await plane.settled();
    const left = await plane.kms.send(new ListGrantsCommand({ KeyId }));
    assert.deepEqual(left.Grants, []);
    assert.equal(plane.machine.folders.has(BrokerId), false);
  });
}

async function loseAndRegain(KeyId: string, BrokerId: string): Promise<void> {
  await plane.kms.send(new DisableKeyCommand({ KeyId }));
  await plane.settled();
  // The loss of a key takes effect later on EFS, as on AWS.
  const [volume] = plane.control.brokers.require(BrokerId).volumes;
  const isLater = volume?.storageType === 'EFS';
  assert.equal(plane.engine.running.has(BrokerId), isLater);
  if (isLater) await plane.advance(60_000);
  assert.equal(plane.engine.running.has(BrokerId), false);
  await plane.kms.send(new EnableKeyCommand({ KeyId }));
  await plane.settled();
  assert.equal((await describeBroker(plane, BrokerId)).BrokerState, 'RUNNING');
}

test('creating a cluster records five CreateGrant events, two authorized by the caller', async () => {
  const KeyId = await createKey(plane);
  const earlier = (await eventsNamed(plane, 'CreateGrant')).length;
  await createBroker(plane, { DeploymentMode: 'CLUSTER_MULTI_AZ', ...underKey(KeyId) });
  const events = (await eventsNamed(plane, 'CreateGrant')).slice(earlier);
  assert.deepEqual(
    events.map(({ eventSource, userIdentity }) => [eventSource, userIdentity.type]),
    [
      ...Array.from({ length: 2 }, () => ['amazonmq.amazonaws.com', 'Root']),
      ...Array.from({ length: 3 }, () => ['kms.amazonaws.com', 'AWSService']),
    ],
  );
});

test('a cluster has one grant per volume after its creation is interrupted at any step', async () => {
  for (let step = 1, isOver = false; !isOver; step += 3) {
    const machine = new Machine(allOffers);
    let own = await ControlPlane.start(machine);
    try {
      const KeyId = await createKey(own);
      machine.endAt = machine.steps + step;
      const request = brokerRequest({ DeploymentMode: 'CLUSTER_MULTI_AZ', ...underKey(KeyId) });
      await Promise.race([own.mq.send(request).then(() => own.settled()), own.ended]);
      isOver = machine.steps < machine.endAt;
      machine.endAt = undefined;
      own = await own.restart();
      await own.settled();
      const { Grants = [] } = await own.kms.send(new ListGrantsCommand({ KeyId }));
      const [broker] = [...own.control.brokers.all()];
      const ofVolumes = Grants.filter(({ Constraints }) => Constraints !== undefined);
      assert.equal(ofVolumes.length, broker === undefined ? 0 : 3, `step ${step}`);
      if (broker !== undefined) assert.equal(broker.state, 'RUNNING', `step ${step}`);
    } finally {
      await own.close();
    }
  }
});

test('engine types and instance options match the table', async () => {
  const { BrokerEngineTypes } = await plane.mq.send(new DescribeBrokerEngineTypesCommand({}));
  assert.deepEqual(BrokerEngineTypes, [
    { EngineType: 'ACTIVEMQ', EngineVersions: [{ Name: '5.19' }, { Name: '5.18' }] },
    {
      EngineType: 'RABBITMQ',
      EngineVersions: [{ Name: '4.3' }, { Name: '4.2' }, { Name: '3.13' }],
    },
  ]);
  const options = async (filter: object) => {
    const command = new DescribeBrokerInstanceOptionsCommand({ MaxResults: 100, ...filter });
    const { BrokerInstanceOptions = [] } = await plane.mq.send(command);
    return BrokerInstanceOptions.map((row) => row.SupportedDeploymentModes);
  };
  const both = ['SINGLE_INSTANCE', 'CLUSTER_MULTI_AZ'];
  assert.deepEqual(await options({ HostInstanceType: 'mq.m7g.large' }), [both]);
  assert.deepEqual(await options({ EngineType: 'RABBITMQ', HostInstanceType: 'mq.t3.micro' }), [
    ['SINGLE_INSTANCE'],
  ]);
  const large = { EngineType: 'ACTIVEMQ', HostInstanceType: 'mq.m5.large' };
  assert.deepEqual(await options({ ...large, StorageType: 'EFS' }), [
    ['SINGLE_INSTANCE', 'ACTIVE_STANDBY_MULTI_AZ'],
  ]);
  assert.deepEqual(await options({ ...large, StorageType: 'EBS' }), [['SINGLE_INSTANCE']]);
});

test('an ActiveMQ broker is described with its users, audit log and strategy', async () => {
  const Users = [
    { Username: 'admin', Password: password, ConsoleAccess: true, Groups: ['ops~1'] },
    { Username: 'worker~2', Password: password },
  ];
  const BrokerId = await createBroker(plane, { ...activeMq, Users, Logs: { Audit: true } });
  const described = await describeBroker(plane, BrokerId);
  assert.deepEqual(described.Users, [{ Username: 'admin' }, { Username: 'worker~2' }]);
  assert.deepEqual(
    [described.EngineType, described.EngineVersion, described.StorageType],
    ['ActiveMQ', '5.19', 'efs'],
  );
  const group = `/aws/amazonmq/broker/${BrokerId}`;
  assert.deepEqual(described.Logs, {
    General: false,
    GeneralLogGroup: `${group}/general`,
    Audit: true,
    AuditLogGroup: `${group}/audit`,
  });
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, Logs: { Audit: false } }));
  const waiting = await describeBroker(plane, BrokerId);
  assert.deepEqual(waiting.Logs?.Pending, { Audit: false });
  const { users } = plane.control.brokers.require(BrokerId);
  assert.deepEqual(
    users.map(({ groups, consoleAccess }) => [groups, consoleAccess]),
    [
      [['ops~1'], true],
      [[], false],
    ],
  );
});

const two = [1, 2].map(() => ({ Username: 'same', Password: password }));
const refusals: readonly (readonly [string, Request, string, RegExp])[] = [
  ['no user', { ...activeMq, Users: [] }, 'users', /an ActiveMQ broker is created with 1 to 250\./],
  ['a user given twice', { ...activeMq, Users: two }, 'username', /\[same\] is given twice/],
  [
    'a group with a space',
    { ...activeMq, Users: [{ Username: 'me', Password: password, Groups: ['a b'] }] },
    'groups',
    /^Group \[a b\] is invalid/,
  ],
  [
    'a mode of the other engine',
    { ...activeMq, DeploymentMode: 'CLUSTER_MULTI_AZ' },
    'deploymentMode',
    /Valid values are: \[SINGLE_INSTANCE, ACTIVE_STANDBY_MULTI_AZ\]$/,
  ],
  [
    'EBS for a pair',
    { ...activeMq, DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ', StorageType: 'EBS' },
    'storageType',
    /\[EBS\] is invalid for engine type \[ActiveMQ\]. Valid values are: \[EFS\]$/,
  ],
  [
    'EBS for the smallest instance type',
    { ...activeMq, HostInstanceType: 'mq.t3.micro', StorageType: 'EBS' },
    'storageType',
    /\[EBS\] is invalid for host instance type \[mq\.t3\.micro\]/,
  ],
  [
    'an instance type of the other engine',
    { ...activeMq, HostInstanceType: 'mq.m7g.large' },
    'hostInstanceType',
    /\[ActiveMQ\] does not support host instance type \[mq\.m7g\.large\]\.$/,
  ],
  [
    'the smallest instance type for a cluster',
    { DeploymentMode: 'CLUSTER_MULTI_AZ', HostInstanceType: 'mq.t3.micro' },
    'hostInstanceType',
    /does not support host instance type \[mq\.t3\.micro\]/,
  ],
  [
    'a version of the other engine',
    { ...activeMq, EngineVersion: '3.13' },
    'engineVersion',
    /5\.19/,
  ],
  [
    'three subnets',
    { ...activeMq, DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ', SubnetIds: ['1', '2', '3'] },
    'subnetIds',
    /^3 subnets are given, 2 are allowed\.$/,
  ],
];
for (const [what, request, ErrorAttribute, message] of refusals) {
  test(`a broker with ${what} is refused by the rules of its engine type`, async () => {
    await assert.rejects(plane.mq.send(brokerRequest(request)), {
      name: 'BadRequestException',
      ErrorAttribute,
      message,
    });
  });
}

test('a broker whose engine is no longer available reports it, and other brokers run', async () => {
  const machine = new Machine(allOffers);
  let own = await ControlPlane.start(machine);
  try {
    const lost = await createBroker(own, activeMq);
    const other = await createBroker(own);
    await own.kill();
    own = await ControlPlane.start(Object.assign(machine, { kinds: new Machine().kinds }));
    await own.settled();
    const { BrokerState, ActionsRequired } = await describeBroker(own, lost);
    assert.equal(BrokerState, 'CRITICAL_ACTION_REQUIRED');
    assert.equal(ActionsRequired?.[0]?.ActionRequiredCode, 'BROKER_ENGINE_MISSING');
    assert.match(ActionsRequired?.[0]?.ActionRequiredInfo ?? '', /runs brokers of type ACTIVEMQ/);
    assert.equal((await describeBroker(own, other)).BrokerState, 'RUNNING');
  } finally {
    await own.close();
  }
});
