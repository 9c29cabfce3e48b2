import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Brokers } from './brokers.ts';
import { KeyServiceUnreachable } from './keys/remote-keys.ts';
import { Reconciler, type ReconcilerParts } from './reconciler.ts';

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
