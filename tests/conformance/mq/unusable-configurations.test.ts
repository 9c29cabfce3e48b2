import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DayOfWeek, RebootBrokerCommand, UpdateBrokerCommand } from '@aws-sdk/client-mq';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { WaxwingEngine } from '../../../src/engines/waxwing/engine.ts';
import { createBroker, describeBroker } from '../../support/broker-requests.ts';
import {
  brokerXml,
  createConfiguration,
  updateConfiguration,
} from '../../support/configuration-requests.ts';
import { ControlPlane } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';

// Configurations that brokers of a single instance cannot run with.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
  checkByNewEngine();
});
after(() => plane.close());

/** The checks of an engine of such brokers, which starts none here. It has loaded nothing. */
function checkByNewEngine(): void {
  const engine = new WaxwingEngine({
    folder: '/nonexistent',
    host: '127.0.0.1',
    amqpsPort: 0,
    hasTlsParity: false,
    hasInstanceLimits: false,
    ldap: { port: 636, authoritiesFile: undefined },
    room: { memoryBytesMax: undefined, diskReserveBytes: 0 },
    certificates: () => Promise.resolve([]),
  });
  plane.engine.loadRefusals = (type) => engine.loadRefusals(type);
  plane.engine.configurationRefusal = (broker, text) => engine.configurationRefusal(broker, text);
}

const activeMq = { EngineType: 'ACTIVEMQ', HostInstanceType: 'mq.m5.large' } as const;
const update = (BrokerId: string, changes: object) =>
  plane.mq.send(new UpdateBrokerCommand({ BrokerId, ...changes }));
const unusable = (message: RegExp) => ({
  name: 'BadRequestException',
  ErrorAttribute: 'configuration',
  message,
});

/** A configuration at revision 2. */
async function configured(kind: object, text: string): Promise<{ Id: string; Revision: number }> {
  const { Id = '' } = await createConfiguration(plane, kind);
  await updateConfiguration(plane, Id, text);
  return { Id, Revision: 2 };
}

const authorisation = '<authorizationPlugin><map><authorizationMap/></map></authorizationPlugin>';

test('two authorization plugins are refused, of which it is not clear which one counts', async () => {
  const text = brokerXml(`<plugins>${authorisation}${authorisation}</plugins>`);
  const Configuration = await configured({ EngineType: 'ACTIVEMQ' }, text);
  const why = unusable(
    /revision \[2\], cannot be used for this broker: .* 2 elements authorizationPlugin,/,
  );
  await assert.rejects(createBroker(plane, { ...activeMq, Configuration }), why);
  const BrokerId = await createBroker(plane, activeMq);
  await assert.rejects(update(BrokerId, { Configuration }), why);
});

test('a key of RabbitMQ 4 is refused for a broker of 3.13, and once it is upgraded accepted', async () => {
  const Configuration = await configured(
    { EngineType: 'RABBITMQ', EngineVersion: '4.2' },
    'cluster_queue_limit = 500\n',
  );
  const why = unusable(/: Line 1 .* key \[cluster_queue_limit\] requires RabbitMQ 4 or later\.$/);
  const old = { EngineVersion: '3.13', HostInstanceType: 'mq.m7g.large' } as const;
  await assert.rejects(createBroker(plane, { ...old, Configuration }), why);
  const BrokerId = await createBroker(plane, old);
  await assert.rejects(update(BrokerId, { Configuration }), why);
  await update(BrokerId, { EngineVersion: '4.2', Configuration });
  await assert.rejects(update(BrokerId, { EngineVersion: '3.13' }), why);
});

const ldap = {
  Hosts: ['ldap.example.com'],
  RoleBase: 'ou=groups',
  RoleSearchMatching: '(member={0})',
  ServiceAccountUsername: 'cn=waxwing',
  ServiceAccountPassword: 'canary-ldap-secret',
  UserBase: 'ou=users',
  UserSearchMatching: '(uid={0})',
};
const directoryMap = brokerXml(
  '<plugins><authorizationPlugin><map><cachedLDAPAuthorizationMap queueSearchBase="ou=queues"/></map></authorizationPlugin></plugins>',
);
const noDirectory = unusable(/has a cachedLDAPAuthorizationMap, but the broker no LDAP server/);

test('without its strategy, a pending LDAP server is no longer pending', async () => {
  const BrokerId = await createBroker(plane, activeMq);
  await update(BrokerId, { AuthenticationStrategy: 'LDAP', LdapServerMetadata: ldap });
  await update(BrokerId, { AuthenticationStrategy: 'SIMPLE' });
  const waiting = await describeBroker(plane, BrokerId);
  assert.equal(waiting.PendingAuthenticationStrategy, undefined);
  assert.equal(waiting.PendingLdapServerMetadata, undefined);
});

test('permissions in a directory are refused with the strategy SIMPLE', async () => {
  const kind = { EngineType: 'ACTIVEMQ', AuthenticationStrategy: 'LDAP' } as const;
  const Configuration = await configured(kind, directoryMap);
  const BrokerId = await createBroker(plane, activeMq);
  const current = (await describeBroker(plane, BrokerId)).Configurations?.Current;
  const toLdap = { AuthenticationStrategy: 'LDAP', LdapServerMetadata: ldap, Configuration };
  await update(BrokerId, toLdap);
  await assert.rejects(update(BrokerId, { AuthenticationStrategy: 'SIMPLE' }), noDirectory);
  const back = { AuthenticationStrategy: 'SIMPLE', Configuration: current };
  await update(BrokerId, back);
  const waiting = await describeBroker(plane, BrokerId);
  assert.equal(waiting.Configurations?.Pending, undefined);
  // The same once it runs with the directory.
  await update(BrokerId, toLdap);
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
  await assert.rejects(update(BrokerId, { AuthenticationStrategy: 'SIMPLE' }), noDirectory);
  await update(BrokerId, back);
});

const hourMs = 3_600_000;

test('what an earlier release accepted is checked in the maintenance window after a restart', async () => {
  const text = brokerXml(`<plugins>${authorisation}${authorisation}</plugins>`);
  const Configuration = await configured({ EngineType: 'ACTIVEMQ' }, text);
  const soon = new Date(plane.machine.clock.nowMs() + hourMs);
  const day = soon.toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' });
  const MaintenanceWindowStartTime = {
    DayOfWeek: day.toUpperCase() as DayOfWeek,
    TimeOfDay: soon.toISOString().slice(11, 16),
    TimeZone: 'UTC',
  };
  const BrokerId = await createBroker(plane, { ...activeMq, MaintenanceWindowStartTime });
  plane.engine.configurationRefusal = () => undefined;
  await update(BrokerId, { Configuration });
  checkByNewEngine();
  await plane.advance(0);
  await plane.advance(hourMs);
  assert.equal(plane.volumeOf(BrokerId).epoch, 1, 'it runs as before');
  const { BrokerState, Configurations } = await describeBroker(plane, BrokerId);
  assert.deepEqual([BrokerState, Configurations?.Pending], ['RUNNING', Configuration]);
  const [{ text: reported } = { text: '' }] = plane.reports.filter(
    ({ brokerId }) => brokerId === BrokerId,
  );
  assert.match(reported, /no reboot in the maintenance window: .* 2 elements authorizationPlugin,/);
});
