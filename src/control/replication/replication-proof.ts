// The permissions of those who request a replica.

import { type BrokerKeys, ForeignDataKey, KeyLost } from '../broker-keys.ts';
import type { BrokerRecord } from '../broker-record.ts';
import type { Engines } from '../engines.ts';
import type { Requester } from '../keys/key-finder.ts';
import { refuse } from '../rules.ts';

/** The parts that the proof needs. */
export interface ProofParts {
  readonly keys: BrokerKeys;
  readonly engines: Pick<Engines, 'engineFor'>;
}

/**
 * Decrypts the data keys of a primary with the permissions of the requester, and forgets them. Otherwise,
 * whoever may create replicas could read what the key protects. Nobody but the service may use a key of the
 * service.
 *
 * @throws {ControlError} 'bad-request' if the requester may not decrypt them
 */
export async function proveReplication(
  { keys, engines }: ProofParts,
  primary: BrokerRecord,
  requester: Requester,
): Promise<void> {
  const { id, key: from, volumes } = primary;
  if (from.owner === 'service' || from.owner === 'remote') return;
  const engine = engines.engineFor(primary);
  try {
    for (const volume of volumes) {
      for (const { wrappedKey } of await engine.wrappedKeys(id, volume.id)) {
        (await keys.openDataKeyFor(from, volume, wrappedKey, requester)).fill(0);
      }
    }
  } catch (error) {
    if (!(error instanceof KeyLost || error instanceof ForeignDataKey)) throw error;
    throw refuse(
      'dataReplicationPrimaryBrokerArn',
      `The data keys of primary broker [${id}] cannot be decrypted: ${error.message}`,
    );
  }
}
