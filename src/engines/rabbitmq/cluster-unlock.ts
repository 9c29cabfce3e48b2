// The volumes of a cluster that starts.

import { createSecretKey } from 'node:crypto';
import { WaxwingError } from '../../base/errors.ts';
import type { VolumeKey, VolumeSpec } from '../../control/engine.ts';
import type { ClusterOptions } from './cluster-options.ts';
import type { Node } from './nodes/node.ts';

/**
 * Mounts the volume of a node, and creates it first if the node is new.
 *
 * @throws {WaxwingError} `volume-rolled-back` if the volume is an older copy; it is locked again then
 */
export async function unlockNode(
  node: Node,
  volumes: readonly VolumeSpec[],
  keys: readonly VolumeKey[],
  wrappedKey: ClusterOptions['wrappedKey'],
): Promise<void> {
  const key = keys.find(({ volumeId }) => volumeId === node.volumeId);
  const mount = volumes.find(({ id }) => id === node.volumeId);
  if (key === undefined || mount === undefined)
    throw new Error(`volume ${node.volumeId} has no data key`);
  const hosted = await node.hosted();
  const dataKey = createSecretKey(key.dataKey);
  if (node.isNew) await hosted.create(dataKey, await wrappedKey(node.volumeId));
  await hosted.unlock(dataKey);
  try {
    // A volume that was just created was never mounted.
    await hosted.count(node.isNew ? { ...mount, epochMin: 0 } : mount);
  } catch (error) {
    await hosted.lock();
    if (!(error instanceof WaxwingError)) throw error;
    const text = `node ${node.number}, volume ${node.volumeId}: ${error.message}`;
    throw new WaxwingError(error.code, text, { cause: error });
  }
}
