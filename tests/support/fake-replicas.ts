// Replicas of volumes that have no data.

import { WaxwingError } from '../../src/base/errors.ts';
import type { VolumeKey } from '../../src/control/engine.ts';
import type { EngineReplicas } from '../../src/control/volumes/engine-volumes.ts';
import type { WrappedDataKey } from '../../src/control/volumes/volume-state.ts';
import type { FakeKey, Folders } from './fake-engine.ts';

interface FakeReplica {
  readonly lineage: number;
  readonly volumeId: string;
  readonly epoch: number;
  readonly keys: readonly FakeKey[];
}

/** The replicas of a machine, which outlive the process. */
const allReplicas = new WeakMap<Folders, Map<string, FakeReplica>>();

/** Replicas of the volumes in the folders of a machine. */
export function fakeReplicas(folders: Folders): EngineReplicas {
  const replicas = allReplicas.get(folders) ?? new Map<string, FakeReplica>();
  allReplicas.set(folders, replicas);
  const wrapped = (keys: readonly WrappedDataKey[] = []) =>
    keys.map(({ generation, wrappedKey }) => ({ generation, wrappedKey }));
  return {
    primary: async (brokerId) => {
      const [found] = folders.get(brokerId) ?? [];
      if (found === undefined) throw new WaxwingError('not-a-volume', 'there is no volume');
      const [volumeId, { keys, epoch }] = found;
      return {
        epoch,
        wrappedKeys: wrapped(keys),
        copyTo: async (replicaId, lineage, anew) => {
          const own = keys.map((key) => ({
            ...key,
            wrappedKey:
              anew.find((each) => each.generation === key.generation)?.wrappedKey ??
              Buffer.alloc(0),
          }));
          folders.delete(replicaId);
          replicas.set(replicaId, { lineage, volumeId, epoch, keys: own });
          return 1;
        },
        release: async () => {},
      };
    },
    stateOf: async (brokerId, lineage) => {
      const replica = replicas.get(brokerId);
      if (replica !== undefined) return replica.lineage === lineage ? 'copy' : 'former';
      return folders.has(brokerId) ? 'former' : 'nothing';
    },
    repair: async () => {},
    keys: async (brokerId, lineage) => {
      const replica = replicas.get(brokerId);
      return replica?.lineage === lineage ? wrapped(replica.keys) : [];
    },
    wrappedKeys: async (brokerId) => wrapped(replicas.get(brokerId)?.keys),
    adopt: async (brokerId, _key: VolumeKey) => {
      const replica = replicas.get(brokerId);
      if (replica === undefined) throw new WaxwingError('not-a-volume', 'there is no replica');
      const { volumeId, keys, epoch } = replica;
      folders.set(brokerId, new Map([[volumeId, { keys, epoch }]]));
      replicas.delete(brokerId);
    },
    finish: async (brokerId) => folders.has(brokerId),
  };
}
