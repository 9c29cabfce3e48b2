import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FirstRecord, FirstUpdate, StoredChange } from './broker-migration.ts';
import type { BrokerRecord } from './broker-record.ts';
import { Brokers } from './brokers.ts';

// What release 0.1.0 wrote is read as records of the present form.

const id = 'b-1';
const volumeId = 'vol-0123456789abcdef0';

const first: FirstRecord = {
  id,
  arn: 'arn:aws:mq:us-east-1:1:broker:orders:b-1',
  name: 'orders',
  state: 'CREATION_IN_PROGRESS',
  createdMs: 1,
  engineType: 'RABBITMQ',
  engineVersion: '4.2',
  deploymentMode: 'SINGLE_INSTANCE',
  hostInstanceType: 'mq.m7g.medium',
  autoMinorVersionUpgrade: true,
  publiclyAccessible: false,
  securityGroups: [],
  subnetIds: [],
  generalLog: false,
  maintenanceWindow: { dayOfWeek: 'SUNDAY', timeOfDay: '00:00', timeZone: 'UTC' },
  tags: {},
  users: [{ username: 'admin', passwordHash: 'hash' }],
  creation: null,
  key: { owner: 'service', arn: 'arn:aws:kms:us-east-1:0:key/1' },
  grants: { service: 'g1', volume: null },
  volumeId,
  hasVolume: false,
  epoch: 0,
  mountedEpoch: 0,
  ports: {},
  action: null,
  pending: {},
};

const updates: readonly FirstUpdate[] = [
  { grants: { service: 'g1', volume: 'g2' } },
  { hasVolume: true },
  { epoch: 1 },
  { ports: { amqps: 5671 }, action: null, mountedEpoch: 1, pending: {}, state: 'RUNNING' },
  { epoch: 2 },
  { ports: { amqps: 4000 }, wantedPorts: { amqps: 5671 }, mountedEpoch: 2, state: 'RUNNING' },
  { tags: { team: 'shop' } },
  { epoch: 3 },
];

function recordAfter(changes: readonly StoredChange[]): BrokerRecord {
  const brokers = new Brokers();
  for (const change of changes) brokers.apply(structuredClone(change));
  return brokers.require(id);
}

const all: readonly StoredChange[] = [
  { created: first },
  ...updates.map((set) => ({ updated: id, set })),
];

test('a release 0.1.0 broker record becomes lists of one volume, instance, grant and port', () => {
  const { volumes, instances, grants, ports, state, tags, ...rest } = recordAfter(all);
  assert.deepEqual(volumes, [
    { id: volumeId, storageType: 'EBS', grantId: 'g2', isMade: true, epoch: 3, mountedEpoch: 2 },
  ]);
  assert.deepEqual(instances, [{ number: 1, volumeId }]);
  assert.deepEqual(grants, [{ name: 'mq_grant', id: 'g1' }]);
  assert.deepEqual(ports, [{ listener: 'amqps', endpoint: 1, port: 4000, wantedPort: 5671 }]);
  assert.deepEqual([state, tags], ['RUNNING', { team: 'shop' }]);
  const left = ['volumeId', 'hasVolume', 'epoch', 'mountedEpoch', 'wantedPorts'];
  assert.deepEqual(
    Object.keys(rest).filter((name) => left.includes(name)),
    [],
  );
});

test('a port record without an original port uses its own port', () => {
  const created = { ...first, ports: { amqps: 5671 } };
  const expected = [{ listener: 'amqps', endpoint: 1, port: 5671, wantedPort: 5671 }];
  assert.deepEqual(recordAfter([{ created }]).ports, expected);
});

test('records of the old and new form can be mixed in any order', () => {
  const expected = recordAfter(all);
  for (let at = 1; at <= all.length; at++) {
    // The state was written again here, as a program of today writes it.
    const before = new Brokers();
    for (const change of all.slice(0, at)) before.apply(structuredClone(change));
    const snapshot = [...before.snapshot()];
    assert.deepEqual(recordAfter([...snapshot, ...all.slice(at)]), expected, `at ${at}`);
    // And the changes since an earlier moment are applied once more.
    assert.deepEqual(recordAfter([...all, ...all.slice(at)]), expected, `again from ${at}`);
  }
});

test('missing members are filled with defaults that change nothing', () => {
  const { ldap, configuration, configurationHistory, windowMoves, storageSizeGb } =
    recordAfter(all);
  const added = { ldap, configuration, configurationHistory, windowMoves, storageSizeGb };
  const expected = {
    ldap: null,
    configuration: null,
    configurationHistory: [],
    windowMoves: null,
    storageSizeGb: null,
  };
  assert.deepEqual(added, expected);
  // A record of the present form that was written before they were added.
  const kept = Object.entries(recordAfter(all)).filter(([name]) => !(name in expected));
  const created = Object.fromEntries(kept) as unknown as BrokerRecord;
  assert.deepEqual(recordAfter([{ created }]), recordAfter(all));
});

test('a record in the current form is read unchanged', () => {
  const record = recordAfter(all);
  assert.deepEqual(recordAfter([{ created: record }]), record);
  const volumes = record.volumes.map((volume) => ({ ...volume, epoch: 9 }));
  const changed = recordAfter([{ created: record }, { updated: id, set: { volumes, ports: [] } }]);
  assert.deepEqual(changed, { ...record, volumes, ports: [] });
});
