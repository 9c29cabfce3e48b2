import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerRecord } from '../broker-record.ts';
import { pendingReplication } from './replication-decisions.ts';

/** A primary whose replica is being promoted, or is not. */
function primary(promotion: 'SWITCHOVER' | null): BrokerRecord {
  const replication = { role: 'PRIMARY', counterpartId: 'b-2', lineage: 1, promotion };
  return { id: 'b-1', replication, pending: {} } as unknown as BrokerRecord;
}

test('a pair cannot be ended while its roles are changed', () => {
  const text = 'The pair of broker [b-1] cannot be ended: its role is being changed.';
  assert.throws(() => pendingReplication(primary('SWITCHOVER'), 'NONE'), {
    code: 'bad-request',
    message: text,
  });
  assert.deepEqual(pendingReplication(primary('SWITCHOVER'), 'CRDR'), {});
  assert.deepEqual(pendingReplication(primary(null), 'NONE'), { replication: null });
});
