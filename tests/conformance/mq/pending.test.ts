import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type CreateBrokerCommandInput,
  RebootBrokerCommand,
  UpdateBrokerCommand,
} from '@aws-sdk/client-mq';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { createBroker, describeBroker } from '../../support/broker-requests.ts';
import { createConfiguration, updateConfiguration } from '../../support/configuration-requests.ts';
import { ControlPlane, region } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { signRequest } from '../../support/sign-request.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Pending changes by UpdateBroker, and their application by a reboot or in the maintenance window.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

const activeMq = { EngineType: 'ACTIVEMQ', HostInstanceType: 'mq.m5.large' } as const;

const update = (BrokerId: string, changes: object) =>
  plane.mq.send(new UpdateBrokerCommand({ BrokerId, ...changes }));
const reboot = async (BrokerId: string) => {
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
};

const ldap = {
  Hosts: ['ldap1.example.com', 'ldap2.example.com'],
  RoleBase: 'ou=groups,dc=example,dc=com',
  RoleName: 'cn',
  RoleSearchMatching: '(member:=uid={1})',
  RoleSearchSubtree: true,
  ServiceAccountUsername: 'cn=waxwing,dc=example,dc=com',
  UserBase: 'ou=users,dc=example,dc=com',
  UserSearchMatching: '(uid={0})',
};
const ldapSecret = 'canary-ldap-secret';
const ldapInput = { ...ldap, ServiceAccountPassword: ldapSecret };

test('an ActiveMQ broker has its own configuration, which is passed to its engine', async () => {
  const BrokerId = await createBroker(plane, { ...activeMq, BrokerName: 'own-one' });
  const { Configurations } = await describeBroker(plane, BrokerId);
  const { Id = '', Revision } = Configurations?.Current ?? {};
  assert.match(Id, /^c-/);
  assert.deepEqual([Revision, Configurations?.History], [1, []]);
  const { name, latest } = plane.control.configurations.require(Id);
  assert.equal(name, 'own-one-configuration');
  const { configuration } = plane.engine.running.get(BrokerId) ?? {};
  assert.deepEqual(configuration, { id: Id, revision: 1, text: latest.text });
  const rabbit = await createBroker(plane);
  assert.equal((await describeBroker(plane, rabbit)).Configurations, undefined);
  assert.equal(plane.engine.running.get(rabbit)?.configuration, null);
});

test('a configuration is pending until a reboot, then current, with the old one in history', async () => {
  const rabbit = { EngineType: 'RABBITMQ' } as const;
  const { Id = '' } = await createConfiguration(plane, rabbit);
  await updateConfiguration(plane, Id, 'heartbeat = 61');
  const BrokerId = await createBroker(plane, { Configuration: { Id, Revision: 1 } });
  const answer = await update(BrokerId, { Configuration: { Id } });
  assert.deepEqual(answer.Configuration, { Id, Revision: 2 });
  const [current, next] = [1, 2].map((Revision) => ({ Id, Revision }));
  const waiting = await describeBroker(plane, BrokerId);
  assert.deepEqual(waiting.Configurations, { Current: current, Pending: next, History: [] });
  await update(BrokerId, { Configuration: { Id, Revision: 1 } });
  const back = await describeBroker(plane, BrokerId);
  assert.deepEqual(back.Configurations, { Current: current, History: [] });
  await update(BrokerId, { Configuration: next });
  await reboot(BrokerId);
  const after = await describeBroker(plane, BrokerId);
  assert.deepEqual(after.Configurations, { Current: next, History: [current] });
  assert.equal(plane.engine.running.get(BrokerId)?.configuration?.text, 'heartbeat = 61');
});

const wrongConfigurations: readonly (readonly [string, () => Promise<object>, RegExp])[] = [
  ['that there is not', async () => ({ Id: 'c-1' }), /^Can't find requested configuration \[c-1\]/],
  [
    'in a revision that there is not',
    async () => ({ Id: (await createConfiguration(plane)).Id, Revision: 2 }),
    /^Can't find requested revision \[2\]/,
  ],
  [
    'of the other engine',
    async () => ({ Id: (await createConfiguration(plane, { EngineType: 'RABBITMQ' })).Id }),
    /is for engine type \[RABBITMQ\], the broker has \[ACTIVEMQ\]\.$/,
  ],
  [
    'of another strategy',
    async () => ({ Id: (await createConfiguration(plane, { AuthenticationStrategy: 'LDAP' })).Id }),
    /is for authentication strategy \[LDAP\], the broker has \[SIMPLE\]\.$/,
  ],
];
for (const [what, make, message] of wrongConfigurations) {
  test(`a configuration ${what} is refused on creation and on update`, async () => {
    const Configuration = (await make()) as NonNullable<CreateBrokerCommandInput['Configuration']>;
    const expected = { name: 'BadRequestException', ErrorAttribute: 'configuration', message };
    await assert.rejects(createBroker(plane, { ...activeMq, Configuration }), expected);
    const BrokerId = await createBroker(plane, activeMq);
    await assert.rejects(update(BrokerId, { Configuration }), expected);
  });
}

test('an LDAP server is pending until a reboot, and its password is never returned', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  const answer = await update(BrokerId, {
    AuthenticationStrategy: 'LDAP',
    LdapServerMetadata: ldapInput,
  });
  assert.deepEqual(answer.LdapServerMetadata, ldap);
  const waiting = await describeBroker(plane, BrokerId);
  assert.deepEqual(
    [waiting.AuthenticationStrategy, waiting.PendingAuthenticationStrategy],
    ['simple', 'ldap'],
  );
  assert.deepEqual(waiting.PendingLdapServerMetadata, ldap);
  assert.equal(waiting.LdapServerMetadata, undefined);
  await reboot(BrokerId);
  const after = await describeBroker(plane, BrokerId);
  assert.equal(after.AuthenticationStrategy, 'ldap');
  assert.deepEqual(after.LdapServerMetadata, ldap);
  assert.equal(after.PendingLdapServerMetadata, undefined);
  assert.equal(plane.engine.running.get(BrokerId)?.authenticationStrategy, 'LDAP');
  const [event] = (await eventsNamed(plane, 'UpdateBroker')).slice(-1);
  const recorded = event?.requestParameters as { ldapServerMetadata?: Record<string, unknown> };
  assert.equal(recorded.ldapServerMetadata?.['serviceAccountPassword'], '***');
  assert.equal(plane.written.includes(ldapSecret), false);
});

test('a broker can be created with an LDAP server and without its own users', async () => {
  const ldapBroker = {
    ...activeMq,
    AuthenticationStrategy: 'LDAP',
    LdapServerMetadata: ldapInput,
    Users: [],
  } as const;
  const BrokerId = await createBroker(plane, { ...ldapBroker, Users: [] });
  const described = await describeBroker(plane, BrokerId);
  assert.deepEqual(described.LdapServerMetadata, ldap);
  assert.deepEqual(described.Users, []);
  const refused = (changes: object, ErrorAttribute: string) =>
    assert.rejects(createBroker(plane, { ...activeMq, ...changes }), {
      name: 'BadRequestException',
      ErrorAttribute,
    });
  await refused({ AuthenticationStrategy: 'LDAP', Users: [] }, 'ldapServerMetadata');
  await refused({ LdapServerMetadata: ldapInput }, 'ldapServerMetadata');
  const withHost = (host: string) => ({
    ...ldapBroker,
    LdapServerMetadata: { ...ldapInput, Hosts: [host] },
  });
  await refused(withHost('ldaps://ldap.example.com'), 'hosts');
  await refused(withHost('ldap.example.com:636'), 'hosts');
  assert.equal(plane.written.includes(ldapSecret), false);
});

test('log settings are pending until a reboot, which passes them to the engine', async () => {
  const BrokerId = await createBroker(plane, { ...activeMq, Logs: { General: true } });
  assert.deepEqual(plane.engine.running.get(BrokerId)?.logs, { general: true, audit: false });
  await update(BrokerId, { Logs: { General: false, Audit: true } });
  const { Logs } = await describeBroker(plane, BrokerId);
  assert.deepEqual([Logs?.General, Logs?.Audit], [true, false]);
  assert.deepEqual(Logs?.Pending, { General: false, Audit: true });
  await reboot(BrokerId);
  assert.deepEqual(plane.engine.running.get(BrokerId)?.logs, { general: false, audit: true });
});

/** The official client of this release does not know storageSize. */
async function put(BrokerId: string, body: object): Promise<{ status: number; body: string }> {
  const plain = {
    method: 'PUT',
    path: `/v1/brokers/${BrokerId}`,
    headers: {},
    body: JSON.stringify(body),
  };
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: 'mq', atMs };
  return plane.answer(await signRequest(plain, signing));
}

async function get(BrokerId: string): Promise<Record<string, unknown>> {
  const plain = { method: 'GET', path: `/v1/brokers/${BrokerId}`, headers: {}, body: '' };
  const atMs = plane.machine.clock.nowMs();
  const signing = { ...plane.credentials, region, service: 'mq', atMs };
  return JSON.parse((await plane.answer(await signRequest(plain, signing))).body);
}

test('a reboot applies a larger cluster storage size, within the limits of the instance type', async () => {
  const cluster = { DeploymentMode: 'CLUSTER_MULTI_AZ', HostInstanceType: 'mq.m7g.large' } as const;
  const BrokerId = await createBroker(plane, cluster);
  assert.equal((await get(BrokerId))['storageSize'], 15);
  assert.equal((await put(BrokerId, { storageSize: 40 })).status, 200);
  const waiting = await get(BrokerId);
  assert.deepEqual([waiting['storageSize'], waiting['pendingStorageSize']], [15, 40]);
  await reboot(BrokerId);
  const after = await get(BrokerId);
  assert.deepEqual([after['storageSize'], after['pendingStorageSize']], [40, undefined]);
  for (const storageSize of [14, 39, 76]) {
    const { status, body } = await put(BrokerId, { storageSize });
    assert.equal(status, 400, `${storageSize}`);
    assert.equal(JSON.parse(body).errorAttribute, 'storageSize');
  }
  // Another instance type has other sizes; what is there stays.
  assert.equal((await put(BrokerId, { hostInstanceType: 'mq.m7g.4xlarge' })).status, 200);
  assert.equal((await get(BrokerId))['pendingStorageSize'], 90);
  const single = await createBroker(plane);
  assert.equal((await get(single))['storageSize'], undefined);
  assert.equal((await put(single, { storageSize: 20 })).status, 400);
});

test('a broker without replication reports mode NONE and refuses to enable CRDR', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  assert.equal((await describeBroker(plane, BrokerId)).DataReplicationMode, 'NONE');
  await update(BrokerId, { DataReplicationMode: 'NONE' });
  await assert.rejects(update(BrokerId, { DataReplicationMode: 'CRDR' }), {
    name: 'BadRequestException',
    ErrorAttribute: 'dataReplicationMode',
  });
});

const hourMs = 3_600_000;

test('pending changes take effect in the maintenance window', async () => {
  const nowMs = plane.machine.clock.nowMs();
  const soon = new Date(nowMs + hourMs);
  const names = [
    'SUNDAY',
    'MONDAY',
    'TUESDAY',
    'WEDNESDAY',
    'THURSDAY',
    'FRIDAY',
    'SATURDAY',
  ] as const;
  const MaintenanceWindowStartTime = {
    DayOfWeek: names[soon.getUTCDay()],
    TimeOfDay: soon.toISOString().slice(11, 16),
    TimeZone: 'UTC',
  };
  const window = { ...activeMq, MaintenanceWindowStartTime };
  const BrokerId = await createBroker(plane, window);
  const idle = await createBroker(plane, window);
  const starts = (id: string) => plane.volumeOf(id).epoch;
  await update(BrokerId, { HostInstanceType: 'mq.m5.xlarge' });
  await plane.advance(0);
  await plane.advance(hourMs - 120_000);
  assert.equal((await describeBroker(plane, BrokerId)).PendingHostInstanceType, 'mq.m5.xlarge');
  await plane.advance(120_000);
  const after = await describeBroker(plane, BrokerId);
  assert.deepEqual(
    [after.BrokerState, after.HostInstanceType, after.PendingHostInstanceType],
    ['RUNNING', 'mq.m5.xlarge', undefined],
  );
  assert.equal(starts(BrokerId), 2);
  assert.equal(starts(idle), 1, 'a broker with nothing pending is let be');
  await update(BrokerId, { HostInstanceType: 'mq.m5.large' });
  await plane.advance(6 * 24 * hourMs);
  assert.equal(starts(BrokerId), 2, 'not before the next window');
  await plane.advance(24 * hourMs);
  assert.equal(starts(BrokerId), 3);
});

test('a maintenance window can be moved at most four times before the next one has passed', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  const move = (TimeOfDay: string) => {
    const MaintenanceWindowStartTime = { DayOfWeek: 'MONDAY', TimeOfDay, TimeZone: 'UTC' };
    return update(BrokerId, { MaintenanceWindowStartTime });
  };
  for (const time of ['01:00', '02:00', '03:00', '04:00']) await move(time);
  await move('04:00');
  await assert.rejects(move('05:00'), {
    name: 'BadRequestException',
    ErrorAttribute: 'maintenanceWindowStartTime',
    message: /was moved 4 times since the last one; at most 4 times are allowed\.$/,
  });
  await plane.advance(8 * 24 * hourMs);
  await move('05:00');
  const { MaintenanceWindowStartTime } = await describeBroker(plane, BrokerId);
  assert.equal(MaintenanceWindowStartTime?.TimeOfDay, '05:00');
});

test('with the limits of instance types, a configuration cannot exceed them', async () => {
  const limited = new Machine();
  limited.hasInstanceLimits = true;
  const other = await ControlPlane.start(limited);
  try {
    const { Id = '' } = await createConfiguration(other, { EngineType: 'RABBITMQ' });
    await updateConfiguration(other, Id, 'connection_max = 5000\ncluster_queue_limit = 20000');
    const medium = { HostInstanceType: 'mq.m7g.medium', BrokerName: 'medium' };
    const message =
      'The value [5000] of key [connection_max] is too large for host instance type ' +
      '[mq.m7g.medium]: at most 300 is allowed.';
    const refused = { name: 'BadRequestException', message };
    await assert.rejects(createBroker(other, { ...medium, Configuration: { Id } }), refused);
    const BrokerId = await createBroker(other, medium);
    await other.settled();
    const update = (changes: object) =>
      other.mq.send(new UpdateBrokerCommand({ BrokerId, ...changes }));
    await assert.rejects(update({ Configuration: { Id } }), refused);
    await update({ Configuration: { Id }, HostInstanceType: 'mq.m7g.large' });
  } finally {
    await other.close();
  }
});
