import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Brokers } from '../brokers.ts';
import { mountForCopy, type ReplicaMountParts } from './replica-mount.ts';

/** Mounts the volume of a replica, and returns what was done. */
async function mounted(meanwhile: (brokers: Brokers) => void): Promise<string[]> {
  const brokers = new Brokers();
  const replication = { role: 'REPLICA', counterpartId: 'b-1', lineage: 1, promotion: null };
  const created = {
    id: 'b-2',
    name: 'two',
    state: 'REPLICA',
    volumes: [{ id: 'vol-1' }],
    replication,
  };
  brokers.apply({ created } as never);
  const done: string[] = [];
  const dataKey = Buffer.alloc(32, 1);
  const mounts = {
    isMounted: () => false,
    mount: async () => {
      meanwhile(brokers);
      done.push('mounted');
    },
    unmount: async (id: string) => void done.push(`${id} unmounted`),
  };
  const parts = {
    brokers,
    engines: { engineFor: () => ({ wrappedKeys: async () => [] }) },
    volumeKeys: { open: async () => ({ dataKey }) },
  };
  try {
    await mountForCopy(parts as unknown as ReplicaMountParts, { mounts } as never, 'b-2');
  } catch (error) {
    done.push((error as Error).message);
  }
  assert.deepEqual(dataKey, Buffer.alloc(32));
  return done;
}

test('a volume whose key is lost while it is mounted is unmounted', async () => {
  assert.deepEqual(await mounted(() => {}), ['mounted']);
  const lost = { updated: 'b-2', set: { state: 'CRITICAL_ACTION_REQUIRED' } } as const;
  assert.deepEqual(await mounted((brokers) => brokers.apply(lost as never)), [
    'mounted',
    'b-2 unmounted',
    'broker b-2 has lost its key',
  ]);
});
