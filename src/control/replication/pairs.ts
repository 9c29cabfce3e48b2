// The pairs of primaries and replicas among the brokers.

import type { BrokerRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';

type Pairing = Pick<BrokerRecord, 'id' | 'replication' | 'pending'>;

/** The replica that a broker has, or has after its next reboot; undefined if it is no primary. */
export function replicaIdOf({ replication, pending }: Pairing): string | undefined {
  if (replication?.role === 'PRIMARY') return replication.counterpartId;
  return pending.replication?.counterpartId;
}

/** The other broker of a pair; undefined if there is no pair, or not any more. */
export function counterpartOf(brokers: Brokers, broker: Pairing): BrokerRecord | undefined {
  const id = broker.replication?.counterpartId ?? broker.pending.replication?.counterpartId;
  const other = id === undefined ? undefined : brokers.get(id);
  if (other === undefined) return undefined;
  const named = other.replication?.counterpartId ?? replicaIdOf(other);
  return named === broker.id ? other : undefined;
}

/** Whether the primary of a replica has taken up its role, so that data is replicated. */
export function isPrimaryOf(other: Pairing | undefined, replica: Pairing): boolean {
  const { replication } = other ?? {};
  return replication?.role === 'PRIMARY' && replication.counterpartId === replica.id;
}
