import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import {
  type CreateBrokerCommandInput,
  DeleteBrokerCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { WaxwingError } from '../../../src/base/errors.ts';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { pairRequest, pairUsers } from '../../support/broker-pair.ts';
import { createKey, password, underKey } from '../../support/broker-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { newName, PlanePairs } from '../../support/plane-pairs.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Data replication through the API.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

type Changes = Partial<CreateBrokerCommandInput>;

const pairs = new PlanePairs(() => plane);
const create = (changes?: Changes) => pairs.create(changes);
const replicaOf = (arn: string, changes?: Changes) => pairs.replicaOf(arn, changes);
const describe = (id: string) => pairs.describe(id);
const promote = (id: string, mode: 'SWITCHOVER' | 'FAILOVER') => pairs.promote(id, mode);
const reboot = (id: string) => pairs.reboot(id);
const paired = () => pairs.paired();
const shown = (id: string) => pairs.shown(id);

const no = undefined;

test('the roles of a new pair are pending until the primary is rebooted', async () => {
  const { id: primary, arn } = await create();
  assert.deepEqual(await shown(primary), ['RUNNING', 'NONE', no, no, no, no, no]);
  const { id: replica } = await replicaOf(arn);
  const pending = ['RUNNING', 'NONE', no, no, 'CRDR', 'PRIMARY', replica];
  assert.deepEqual(await shown(primary), pending);
  const waiting = ['RUNNING', 'NONE', no, no, 'CRDR', 'REPLICA', primary];
  assert.deepEqual(await shown(replica), waiting);
  await assert.rejects(promote(replica, 'FAILOVER'), {
    name: 'BadRequestException',
    message: `Broker [${replica}] cannot be promoted: its primary [${primary}] must be rebooted first.`,
  });
  await reboot(primary);
  assert.deepEqual(await shown(primary), ['RUNNING', 'CRDR', 'PRIMARY', replica, no, no, no]);
  assert.deepEqual(await shown(replica), ['REPLICA', 'CRDR', 'REPLICA', primary, no, no, no]);
  const { DataReplicationMetadata } = await describe(replica);
  assert.equal(DataReplicationMetadata?.DataReplicationCounterpart?.Region, 'us-west-2');
});

test('before its first reboot, a pair ends with a change of the mode or a deletion', async () => {
  const { id: primary, arn } = await create();
  const alone = ['RUNNING', 'NONE', no, no, no, no, no];
  const { id: replica } = await replicaOf(arn);
  const DataReplicationMode = 'NONE';
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId: primary, DataReplicationMode }));
  await plane.advance(1000);
  for (const id of [primary, replica]) assert.deepEqual(await shown(id), alone);
  const { id: other } = await replicaOf(arn);
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId: other }));
  await plane.settled();
  assert.deepEqual(await shown(primary), alone);
});

test('a replica that is created after the reboot of its primary has begun follows it', async () => {
  const { id: primary, arn } = await create();
  const release = plane.engine.hold('create');
  const asked = { DataReplicationMode: 'CRDR', DataReplicationPrimaryBrokerArn: arn } as const;
  const { BrokerId: replica = '' } = await plane.mq.send(pairRequest(newName(), asked));
  await plane.mq.send(new RebootBrokerCommand({ BrokerId: primary }));
  release();
  await plane.settled();
  await plane.advance(1000);
  await plane.advance(1000);
  assert.deepEqual(await shown(replica), ['REPLICA', 'CRDR', 'REPLICA', primary, no, no, no]);
});

for (const mode of ['SWITCHOVER', 'FAILOVER'] as const) {
  test(`a ${mode} swaps the roles, and there is a way back`, async () => {
    const { primary, replica } = await paired();
    const [first, second] = [['PRIMARY', replica] as const, ['REPLICA', primary] as const];
    assert.deepEqual((await promote(replica, mode)).BrokerId, replica);
    await plane.settled();
    assert.deepEqual(await shown(replica), ['RUNNING', 'CRDR', 'PRIMARY', primary, no, no, no]);
    assert.deepEqual(await shown(primary), ['REPLICA', 'CRDR', 'REPLICA', replica, no, no, no]);
    const event = (await eventsNamed(plane, 'Promote')).at(-1);
    assert.deepEqual(event?.['requestParameters'], { mode, brokerId: replica });
    await plane.advance(1000);
    await promote(primary, mode);
    await plane.settled();
    assert.deepEqual((await shown(primary)).slice(2, 4), first);
    assert.deepEqual((await shown(replica)).slice(2, 4), second);
  });
}

test('a promotion is refused where it has nothing to promote, or twice', async () => {
  const { primary, replica } = await paired();
  const refused = (id: string, mode: 'SWITCHOVER' | 'FAILOVER', message: string) =>
    assert.rejects(promote(id, mode), { name: 'BadRequestException', message });
  const isPrimary = `Broker [${primary}] is the primary; promote its replica [${replica}].`;
  await refused(primary, 'SWITCHOVER', isPrimary);
  const { id: alone } = await create();
  const hasNone = `Broker [${alone}] has no data replication, so it cannot be promoted.`;
  await refused(alone, 'FAILOVER', hasNone);
  await promote(replica, 'SWITCHOVER');
  await plane.settled();
  // The former primary has no copy until the next second.
  const noCopy = `Broker [${primary}] cannot be promoted: it has no complete copy of its primary [${replica}] yet.`;
  await refused(primary, 'FAILOVER', noCopy);
  await assert.rejects(promote('b-none', 'FAILOVER'), { name: 'NotFoundException' });
});

test('a former primary can be promoted again if its successor does not start', async () => {
  const { primary, replica } = await paired();
  const failure = new WaxwingError('volume-damaged', 'a segment is damaged');
  plane.engine.fail('start', failure);
  await promote(replica, 'SWITCHOVER');
  await plane.settled();
  assert.equal((await shown(replica))[0], 'CRITICAL_ACTION_REQUIRED');
  plane.engine.fail('start', undefined);
  await promote(primary, 'FAILOVER');
  await plane.settled();
  assert.deepEqual((await shown(primary)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
  await plane.advance(1000);
  assert.deepEqual((await shown(replica)).slice(0, 3), ['REPLICA', 'CRDR', 'REPLICA']);
});

test('a primary without its key can be replaced by a failover, and not by a switchover', async () => {
  const key = await createKey(plane);
  const { id: primary, arn } = await create(underKey(key));
  const { id: replica } = await replicaOf(arn);
  await reboot(primary);
  await plane.advance(1000);
  await plane.kms.send(new DisableKeyCommand({ KeyId: key }));
  // The loss of a key takes effect later on EFS.
  await plane.advance(60_000);
  assert.equal((await shown(primary))[0], 'CRITICAL_ACTION_REQUIRED');
  await assert.rejects(promote(replica, 'SWITCHOVER'), {
    message: /is CRITICAL_ACTION_REQUIRED; SWITCHOVER requires RUNNING, FAILOVER does not\.$/,
  });
  await promote(replica, 'FAILOVER');
  await plane.settled();
  assert.equal((await shown(replica))[0], 'RUNNING');
  assert.equal((await shown(primary))[0], 'CRITICAL_ACTION_REQUIRED');
  await plane.kms.send(new EnableKeyCommand({ KeyId: key }));
  await plane.advance(0);
  assert.deepEqual((await shown(primary)).slice(0, 3), ['REPLICA', 'CRDR', 'REPLICA']);
});

test('brokers of a pair are deleted after the mode is NONE and the primary was rebooted', async () => {
  const { primary, replica } = await paired();
  for (const id of [primary, replica]) {
    await assert.rejects(plane.mq.send(new DeleteBrokerCommand({ BrokerId: id })), {
      name: 'BadRequestException',
      message: new RegExp(`Set the data replication mode of the primary \\[${primary}\\] to NONE`),
    });
  }
  const update = (BrokerId: string, DataReplicationMode: 'NONE' | 'CRDR') =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId, DataReplicationMode }));
  await assert.rejects(update(replica, 'NONE'), {
    ErrorAttribute: 'dataReplicationMode',
    message: `Broker [${replica}] is a replica. Change the mode of its primary [${primary}].`,
  });
  const { PendingDataReplicationMode, DataReplicationMode } = await update(primary, 'NONE');
  assert.deepEqual([DataReplicationMode, PendingDataReplicationMode], ['NONE', 'NONE']);
  for (const id of [primary, replica]) assert.equal((await shown(id))[4], 'NONE');
  await assert.rejects(promote(replica, 'FAILOVER'), { message: /pair ends at the next reboot/ });
  await update(primary, 'CRDR');
  assert.equal((await shown(primary))[4], undefined);
  await update(primary, 'NONE');
  await reboot(primary);
  await plane.advance(1000);
  for (const id of [primary, replica]) {
    assert.deepEqual(await shown(id), ['RUNNING', 'NONE', no, no, no, no, no]);
    await plane.mq.send(new DeleteBrokerCommand({ BrokerId: id }));
  }
  await plane.settled();
  await assert.rejects(describe(replica), { name: 'NotFoundException' });
});

const west = 'arn:aws:mq:us-west-2';
const refusals: readonly [string, (arn: string) => Changes, string, RegExp][] = [
  [
    'no primary',
    () => ({ DataReplicationPrimaryBrokerArn: no }),
    'dataReplicationPrimaryBrokerArn',
    /ARN is required/,
  ],
  [
    'mode NONE',
    () => ({ DataReplicationMode: 'NONE' }),
    'dataReplicationPrimaryBrokerArn',
    /only be given with/,
  ],
  [
    'no ARN',
    () => ({ DataReplicationPrimaryBrokerArn: 'b-1' }),
    'dataReplicationPrimaryBrokerArn',
    /\[b-1\] is invalid/,
  ],
  [
    'another region',
    (arn) => ({ DataReplicationPrimaryBrokerArn: arn.replace('us-west-2', 'eu-west-1') }),
    'dataReplicationPrimaryBrokerArn',
    /belongs to another service; this one is account \[\d+\] in region \[us-west-2\]/,
  ],
  [
    'another account',
    (arn) => ({ DataReplicationPrimaryBrokerArn: arn.replace(/\d{12}/, '999999999999') }),
    'dataReplicationPrimaryBrokerArn',
    /belongs to another service/,
  ],
  [
    'a broker that is not there',
    (arn) => ({
      DataReplicationPrimaryBrokerArn: `${arn.slice(0, -1)}${arn.endsWith('0') ? 1 : 0}`,
    }),
    'dataReplicationPrimaryBrokerArn',
    /Can't find primary broker/,
  ],
  ['another version', () => ({ EngineVersion: '5.18' }), 'engineVersion', /has \[5\.19\]/],
  ['another storage', () => ({ StorageType: 'EBS' }), 'storageType', /has \[EFS\]/],
  [
    'a small instance',
    () => ({ HostInstanceType: 'mq.t3.micro' }),
    'hostInstanceType',
    /mq\.t3\.micro/,
  ],
  [
    'no replication user',
    () => ({ Users: [{ Username: 'admin', Password: password }] }),
    'users',
    /The replica broker has no replication user/,
  ],
  [
    'a replication user with console access',
    () => ({ Users: pairUsers.map((user) => ({ ...user, ConsoleAccess: true })) }),
    'replicationUser',
    /mutually exclusive/,
  ],
  [
    'another engine',
    () => ({
      EngineType: 'RABBITMQ',
      HostInstanceType: 'mq.m7g.large',
      Users: [{ Username: 'admin', Password: password }],
    }),
    'dataReplicationMode',
    /not supported for RabbitMQ brokers/,
  ],
  [
    'another deployment mode',
    () => ({ DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' }),
    'deploymentMode',
    /deploymentMode \[ACTIVE_STANDBY_MULTI_AZ\], but its primary broker .* has \[SINGLE_INSTANCE\]/,
  ],
];

test('requests for replicas are refused by name, and leave nothing', async () => {
  const { id, arn } = await create();
  for (const [what, changes, ErrorAttribute, message] of refusals) {
    const name = 'BadRequestException';
    await assert.rejects(replicaOf(arn, changes(arn)), { name, ErrorAttribute, message }, what);
  }
  assert.deepEqual(await shown(id), ['RUNNING', 'NONE', no, no, no, no, no]);
  assert.match(arn, new RegExp(`^${west}`));
});

test('pairs of an active and a standby instance are replicated to pairs', async () => {
  const mode = { DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' } as const;
  const { id: primary, arn } = await create(mode);
  const single = { ErrorAttribute: 'deploymentMode', message: /\[SINGLE_INSTANCE\], but/ };
  await assert.rejects(replicaOf(arn), single);
  const { id: replica } = await replicaOf(arn, mode);
  await reboot(primary);
  await plane.advance(1000);
  assert.deepEqual(await shown(primary), ['RUNNING', 'CRDR', 'PRIMARY', replica, no, no, no]);
  const { BrokerInstances = [] } = await describe(replica);
  assert.equal(BrokerInstances.length, 2);
  await promote(replica, 'SWITCHOVER');
  await plane.settled();
  assert.deepEqual(await shown(replica), ['RUNNING', 'CRDR', 'PRIMARY', primary, no, no, no]);
});

test('a primary must have a replication user, must run, and has one replica', async () => {
  const attribute = { ErrorAttribute: 'dataReplicationPrimaryBrokerArn' };
  const { arn: without } = await create({ Users: [{ Username: 'admin', Password: password }] });
  const noUser =
    'The primary broker has no replication user. Data replication requires one on both brokers.';
  await assert.rejects(replicaOf(without), { ...attribute, message: noUser });
  const { id, arn } = await create();
  const { id: replica, arn: arnOfReplica } = await replicaOf(arn);
  const message = `Broker [${id}] already has the replica [${replica}].`;
  await assert.rejects(replicaOf(arn), { ...attribute, message });
  await assert.rejects(replicaOf(arnOfReplica), {
    ...attribute,
    message: /is part of another pair/,
  });
});

test('pairing, promotion and the end of a pair survive the end of the process at any time', async () => {
  const { primary, replica } = await paired();
  const release = plane.engine.hold('stop');
  await promote(replica, 'SWITCHOVER');
  const killed = plane.restart();
  release();
  plane = await killed;
  await plane.settled();
  await plane.advance(1000);
  assert.deepEqual((await shown(replica)).slice(0, 3), ['RUNNING', 'CRDR', 'PRIMARY']);
  assert.deepEqual((await shown(primary)).slice(0, 3), ['REPLICA', 'CRDR', 'REPLICA']);
});
