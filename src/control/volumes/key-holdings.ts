// The keys that a broker has grants on.

import type { BrokerKeys, KeyedBroker } from '../broker-keys.ts';
import type { BrokerRecord, KeyHolding } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { Creation } from '../creation.ts';

/** The key that a broker uses. */
export function currentHolding({ key, grants, volumes }: KeyedBroker): KeyHolding {
  const volumeGrants = Object.fromEntries(
    volumes.flatMap(({ id, grantId }) => (grantId === null ? [] : [[id, grantId]])),
  );
  return { key, grants, volumeGrants };
}

/** A broker as it is once it uses another key. */
export function withHolding(
  { volumes }: Pick<BrokerRecord, 'volumes'>,
  { key, grants, volumeGrants }: KeyHolding,
): KeyedBroker {
  const granted = volumes.map((volume) => ({
    ...volume,
    grantId: volumeGrants[volume.id] ?? null,
  }));
  return { key, grants, volumes: granted };
}

/** All keys that a broker has grants on. */
export function holdingsOf(broker: BrokerRecord): KeyHolding[] {
  const { keyChange, formerKeys } = broker;
  return [currentHolding(broker), ...(keyChange === null ? [] : [keyChange]), ...formerKeys];
}

/** The parts that the retirement of grants needs. */
export interface RetirementParts {
  readonly brokers: Brokers;
  readonly keys: BrokerKeys;
  readonly creation: Pick<Creation, 'isGranting'>;
}

/**
 * Retires the grants of a broker on a key. Grants that it still needs for another key, or that
 * others need, stay.
 *
 * @param kept what the broker still uses
 */
export async function retireHolding(
  { brokers, keys, creation }: RetirementParts,
  { id, volumes }: BrokerRecord,
  { key, grants, volumeGrants }: KeyHolding,
  kept: readonly KeyHolding[],
): Promise<void> {
  const others = [...brokers.all()].filter((other) => other.id !== id).flatMap(holdingsOf);
  const used = new Set([...others, ...kept].flatMap(grantIdsOf));
  for (const volume of volumes) {
    const grantId = volumeGrants[volume.id];
    if (grantId === undefined || used.has(grantId)) continue;
    await keys.retireVolumeGrant(key, { ...volume, grantId });
  }
  for (const grant of grants) {
    if (creation.isGranting(key.arn) || used.has(grant.id)) continue;
    await keys.retireServiceGrant(key, grant.id);
  }
}

/** The grants that a broker has recorded. */
export function takenGrants(brokers: Brokers): ReadonlySet<string> {
  return new Set([...brokers.all()].flatMap(holdingsOf).flatMap(grantIdsOf));
}

/** The ids of all grants of a holding. */
function grantIdsOf({ grants, volumeGrants }: KeyHolding): string[] {
  return [...grants.map(({ id }) => id), ...Object.values(volumeGrants)];
}
