// Mounting the volumes of pairs of brokers for copies between them.

import { WaxwingError } from '../../base/errors.ts';
import type { BrokerRecord, VolumeRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { VolumeKey } from '../engine.ts';
import type { Engines } from '../engines.ts';
import type { EngineReplicas } from '../volumes/engine-volumes.ts';
import { overwrite } from '../volumes/overwrite.ts';
import type { VolumeKeys } from '../volumes/volume-keys.ts';

/** The parts that mounts need. */
export interface ReplicaMountParts {
  readonly brokers: Pick<Brokers, 'require'>;
  readonly engines: Pick<Engines, 'engineFor'>;
  readonly volumeKeys: Pick<VolumeKeys, 'create' | 'open'>;
}

/**
 * Mounts the volume of a broker that does not run, if its engine copies mounted volumes. A replica whose volume is
 * missing gets an empty one.
 *
 * @throws {KeyLost | WaxwingError}
 */
export async function mountForCopy(
  parts: ReplicaMountParts,
  { mounts }: EngineReplicas,
  brokerId: string,
): Promise<void> {
  if (mounts === undefined || mounts.isMounted(brokerId)) return;
  const broker = parts.brokers.require(brokerId);
  const [volume] = broker.volumes;
  if (volume === undefined) throw new Error(`broker ${brokerId} has no volume`);
  const mounted = { id: brokerId, name: broker.name, volumeId: volume.id };
  const lineage = broker.replication?.lineage ?? 0;
  const opened = await openedKey(parts, broker, volume);
  const key = opened ?? (await parts.volumeKeys.create(broker.key, volume));
  try {
    // The key service may have taken its time.
    const { replication } = parts.brokers.require(brokerId);
    if (replication === null || replication.lineage !== lineage) {
      throw new WaxwingError('volume-failed', `the role of broker ${brokerId} has changed`);
    }
    if ('wrappedKey' in key) await mounts.create(mounted, lineage, key);
    await mounts.mount(mounted, key);
  } finally {
    overwrite([key]);
  }
  // If the key was lost meanwhile, its volume was not yet there to be unmounted.
  if (parts.brokers.require(brokerId).state !== 'CRITICAL_ACTION_REQUIRED') return;
  await mounts.unmount(brokerId);
  throw new WaxwingError('volume-failed', `broker ${brokerId} has lost its key`);
}

/** The data keys of a volume; undefined if the volume of a replica is missing. */
async function openedKey(
  { engines, volumeKeys }: ReplicaMountParts,
  broker: BrokerRecord,
  volume: VolumeRecord,
): Promise<VolumeKey | undefined> {
  try {
    const wrapped = await engines.engineFor(broker).wrappedKeys(broker.id, volume.id);
    return await volumeKeys.open(broker, volume, wrapped);
  } catch (error) {
    const isMissing = error instanceof WaxwingError && error.code === 'volume-missing';
    if (isMissing && broker.replication?.role === 'REPLICA') return undefined;
    throw error;
  }
}
