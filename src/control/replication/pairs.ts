// The pairs of primaries and replicas among the brokers.

import type { BrokerRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';

type Pairing = Pick<BrokerRecord, 'id' | 'replication' | 'pending'>;

/** The replica that a broker has, or has after its next reboot; undefined if it is no primary. */
export function replicaIdOf({ replication, pending }: Pairing): string | undefined {
  const roles = [replication, pending.replication];
  return roles.find((each) => each?.role === 'PRIMARY')?.counterpartId;
}

/** The broker that another one names as the other of its pair, now or after its next reboot. */
function namedBy({ replication, pending }: Pairing): string | undefined {
  return replication?.counterpartId ?? pending.replication?.counterpartId;
}

/** The other broker of a pair; undefined if there is no pair, or not any more. */
export function counterpartOf(brokers: Brokers, broker: Pairing): BrokerRecord | undefined {
  const other = brokers.get(namedBy(broker) ?? '');
  return other !== undefined && namedBy(other) === broker.id ? other : undefined;
}

/**
 * Whether a primary has run since it got its role, so that it may have confirmed messages which are not in what the
 * former primary had. Each start gets a higher number than those of both brokers before.
 */
export function hasRunSince(
  primary: Pick<BrokerRecord, 'volumes'>,
  former: Pick<BrokerRecord, 'volumes'>,
): boolean {
  return lastMountOf(primary) > lastMountOf(former);
}

function lastMountOf({ volumes }: Pick<BrokerRecord, 'volumes'>): number {
  return Math.max(0, ...volumes.map(({ mountedEpoch }) => mountedEpoch));
}

/** Whether the primary of a replica has taken up its role, so that data is replicated. */
export function isPrimaryOf(other: Pairing | undefined, replica: Pairing): boolean {
  const { replication } = other ?? {};
  return replication?.role === 'PRIMARY' && replication.counterpartId === replica.id;
}
