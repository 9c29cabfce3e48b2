import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyLost } from './broker-keys.ts';
import { Brokers } from './brokers.ts';
import { KeyServiceUnreachable } from './keys/remote-keys.ts';
import { Reconciler, type ReconcilerParts, type RuntimeState } from './reconciler.ts';

test('a check of the key that was not decided stays due', async () => {
  const brokers = new Brokers();
  brokers.apply({ created: { id: 'b-1', state: 'RUNNING', volumes: [], pending: {} } } as never);
  let isAway = true;
  let checkCount = 0;
  const keys = {
    check: async () => {
      checkCount++;
      if (isAway) throw new KeyServiceUnreachable('it is away');
    },
  };
  const keyChecks = { count: () => {} };
  const volumeKeys = { advance: async () => {} };
  const parts = { brokers, keys, keyChecks, volumeKeys } as unknown as ReconcilerParts;
  const reconciler = new Reconciler(parts);
  const runtime = { isUp: true, isResumed: false, keyCheckDue: true, isPartDown: false };
  await assert.rejects(reconciler.step('b-1', runtime), { code: 'kms-unreachable' });
  assert.equal(runtime.keyCheckDue, true);
  isAway = false;
  await reconciler.step('b-1', runtime);
  assert.deepEqual([runtime.keyCheckDue, runtime.isUp, checkCount], [false, true, 2]);
});

test('a broker whose key is lost while it starts is stopped', async () => {
  const brokers = new Brokers();
  const created = {
    ...{ id: 'b-1', engineType: 'RABBITMQ', deploymentMode: 'CLUSTER_MULTI_AZ' },
    ...{ state: 'RUNNING', engineVersion: '3.10', authenticationStrategy: 'SIMPLE', ldap: null },
    ...{ volumes: [], instances: [], ports: [], users: [], configuration: null, pending: {} },
  };
  brokers.apply({ created } as never);
  const runtime: RuntimeState = {
    ...{ isUp: false, isResumed: false, keyCheckDue: false, isPartDown: false },
  };
  let isLost = false;
  const done: string[] = [];
  const engine = {
    start: async () => {
      isLost = true;
      runtime.onKeyCheckDue?.();
      await new Promise(setImmediate);
      done.push('started');
      return { ports: [], mounted: [] };
    },
    stop: async () => void done.push('stopped'),
  };
  const parts = {
    brokers,
    keys: {
      check: async () => {
        if (isLost) throw new KeyLost('it is disabled');
      },
    },
    keyChecks: { count: () => {} },
    volumeKeys: { advance: async () => {} },
    engines: {
      engineFor: () => engine,
      listenersOf: () => [],
      offerOf: () => ({ rules: { dataReplicationModes: [] } }),
    },
    configurations: { revision: () => undefined },
    commit: async (entries: readonly { change: never }[]) => {
      for (const { change } of entries) brokers.apply(change);
    },
    report: () => {},
  };
  const reconciler = new Reconciler(parts as unknown as ReconcilerParts);
  await reconciler.step('b-1', runtime);
  assert.deepEqual(done, ['started', 'stopped']);
  assert.deepEqual([runtime.isUp, brokers.get('b-1')?.state], [false, 'CRITICAL_ACTION_REQUIRED']);
});

test('a primary whose key is lost while its volume is copied is unmounted', async () => {
  const brokers = new Brokers();
  const replication = {
    role: 'PRIMARY',
    counterpartId: 'b-2',
    lineage: 1,
    promotion: 'SWITCHOVER',
  };
  const created = {
    ...{ id: 'b-1', engineType: 'ACTIVEMQ', deploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' },
    ...{ state: 'RUNNING', volumes: [], pending: {}, replication },
  };
  brokers.apply({ created } as never);
  const runtime: RuntimeState = {
    ...{ isUp: false, isResumed: false, keyCheckDue: false, isPartDown: false },
  };
  let interrupt = (_: Error) => {};
  const swap = async () => {
    const copied = new Promise((_, reject) => {
      interrupt = reject;
    });
    runtime.onKeyCheckDue?.();
    await assert.rejects(copied, /unmounted/);
    const set = { replication: { ...replication, promotion: null } };
    brokers.apply({ updated: 'b-1', set } as never);
  };
  const unmount = async (id: string) => interrupt(new Error(`${id} is unmounted`));
  const parts = {
    brokers,
    keys: { check: async () => Promise.reject(new KeyLost('it is disabled')) },
    keyChecks: { count: () => {} },
    engines: { engineFor: () => ({ volumes: { replicas: { mounts: { unmount } } } }) },
    replicator: () => ({ swap }),
    commit: async (entries: readonly { change: never }[]) => {
      for (const { change } of entries) brokers.apply(change);
    },
    report: () => {},
  };
  const reconciler = new Reconciler(parts as unknown as ReconcilerParts);
  await reconciler.step('b-1', runtime);
  assert.equal(brokers.get('b-1')?.state, 'CRITICAL_ACTION_REQUIRED');
});
