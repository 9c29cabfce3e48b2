import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { Brokers } from '../brokers.ts';
import { Replicator, type ReplicatorParts } from './replicator.ts';

test('a service that ends interrupts the last copy of a switchover, which the next one repeats', async () => {
  const brokers = new Brokers();
  const promotion = 'SWITCHOVER';
  const roles = [
    { id: 'b-1', role: 'PRIMARY', counterpartId: 'b-2' },
    { id: 'b-2', role: 'REPLICA', counterpartId: 'b-1' },
  ];
  for (const { id, ...role } of roles) {
    const replication = { ...role, lineage: 1, promotion };
    brokers.apply({ created: { id, volumes: [], pending: {}, replication } } as never);
  }
  let interrupt = (_: Error) => {};
  const unmounted: string[] = [];
  let replicator: Replicator | undefined;
  let closed: Promise<void> | undefined;
  const replicas = {
    mounts: {
      isMounted: () => true,
      interrupt: async (id: string) => interrupt(new Error(`the copy to ${id} is interrupted`)),
      unmount: async (id: string) => void unmounted.push(id),
    },
    primary: async () => ({
      copyTo: () => {
        closed = Promise.resolve().then(() => replicator?.close());
        return new Promise((_, reject) => {
          interrupt = reject;
        });
      },
      release: async () => {},
    }),
  };
  const parts = {
    brokers,
    engines: { engineFor: () => ({ volumes: { replicas } }) },
    clock: systemClock,
    commit: () => assert.fail('the promotion is given up'),
    report: () => {},
  };
  replicator = new Replicator(parts as unknown as ReplicatorParts);
  await assert.rejects(replicator.swap('b-1'), /the copy to b-2 is interrupted/);
  await closed;
  assert.deepEqual(unmounted, ['b-1']);
  assert.equal(brokers.get('b-1')?.replication?.promotion, promotion);
  // After the end of the service, no promotion starts a copy.
  await assert.rejects(replicator.swap('b-1'), /the service ends/);
});
