// Requests of users that change the replication of brokers.

import type { BrokerRecord, BrokerUpdate, PendingSettings } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { ChangeEntry, Decided } from '../creation.ts';
import { nextState } from '../lifecycle.ts';
import { refuse } from '../rules.ts';
import { counterpartOf, hasRunSince, isPrimaryOf, replicaIdOf } from './pairs.ts';
import type { PromotionMode } from './replication-record.ts';

/**
 * Begins to swap the roles of a pair. The work continues after the answer.
 *
 * @param id the replica
 * @param state what the replica has
 * @param isUp whether the primary accepts connections
 * @throws {ControlError} 'not-found', 'bad-request'
 */
export function promote(
  brokers: Brokers,
  id: string,
  mode: PromotionMode,
  state: 'copy' | 'former' | 'nothing',
  isUp: (brokerId: string) => boolean,
): Decided<BrokerRecord> {
  const replica = brokers.require(id);
  const { replication } = replica;
  if (replication === null) {
    const text = `Broker [${id}] has no data replication, so it cannot be promoted.`;
    if (counterpartOf(brokers, replica) === undefined) throw refuse('broker-id', text);
  }
  const { role } = replication ?? replica.pending.replication ?? {};
  if (role !== 'REPLICA') {
    const other = replicaIdOf(replica);
    throw refuse('broker-id', `Broker [${id}] is the primary; promote its replica [${other}].`);
  }
  const primary = counterpartOf(brokers, replica);
  const problem = problemOf(replica, primary, mode, state, isUp);
  if (primary === undefined || problem !== undefined) {
    throw refuse('brokerState', `Broker [${id}] cannot be promoted: ${problem}.`);
  }
  const changes = [primary, replica].map((broker) =>
    change(brokers, broker, {
      replication: broker.replication && { ...broker.replication, promotion: mode },
    }),
  );
  return { value: replica, changes };
}

function problemOf(
  replica: BrokerRecord,
  primary: BrokerRecord | undefined,
  mode: PromotionMode,
  state: 'copy' | 'former' | 'nothing',
  isUp: (brokerId: string) => boolean,
): string | undefined {
  if (primary === undefined) return 'its pair has ended';
  if (!isPrimaryOf(primary, replica)) return `its primary [${primary.id}] must be rebooted first`;
  if (primary.pending.replication === null) {
    return `the pair ends at the next reboot of its primary [${primary.id}]`;
  }
  if (replica.replication?.promotion) return 'it is being promoted';
  if (replica.state !== 'REPLICA') return `it must be in state REPLICA, and is ${replica.state}`;
  if (!maySucceed(replica, primary, state)) {
    const none = `it has no complete copy of its primary [${primary.id}] yet`;
    return state === 'nothing' || isUp(primary.id) ? none : `${none}, ${onlyFormer(primary.id)}`;
  }
  if (mode === 'FAILOVER' || (primary.state === 'RUNNING' && isUp(primary.id))) return undefined;
  const how = primary.state === 'RUNNING' ? 'not running' : primary.state;
  return `its primary [${primary.id}] is ${how}; SWITCHOVER requires RUNNING, FAILOVER does not`;
}

/**
 * Whether a replica may take the place of its primary: it has what the primary had, up to the lag.
 *
 * @param state what the replica has
 */
export function maySucceed(
  replica: BrokerRecord,
  primary: BrokerRecord,
  state: 'copy' | 'former' | 'nothing',
): boolean {
  // A primary that has not run since the roles were swapped has confirmed nothing.
  return state === 'copy' || (state === 'former' && !hasRunSince(primary, replica));
}

function onlyFormer(primaryId: string): string {
  return (
    `only what it had before the roles were swapped, and [${primaryId}] has run since. ` +
    `To use that without what was confirmed since, set the data replication mode of [${primaryId}] to NONE`
  );
}

/**
 * What is pending for the replication of a broker after an update.
 *
 * @param mode the requested mode; undefined for no change
 * @throws {ControlError} 'bad-request'
 */
export function pendingReplication(
  broker: BrokerRecord,
  mode: string | undefined,
): Pick<PendingSettings, 'replication'> {
  const { id, replication, pending } = broker;
  // What is pending for a primary would be left to the replica that it becomes.
  if (mode === 'NONE' && replication?.promotion) {
    throw refuse(
      'dataReplicationMode',
      `The pair of broker [${id}] cannot be ended: its role is being changed.`,
    );
  }
  const isPaired = replication !== null || pending.replication !== undefined;
  // A pair that is not one yet leaves nothing to a reboot.
  if (mode === 'NONE' && replication === null) return {};
  if (mode === 'CRDR' && !isPaired) {
    throw refuse(
      'dataReplicationMode',
      `Broker [${id}] has no replica. Create a broker with [dataReplicationPrimaryBrokerArn] ` +
        'to replicate its data.',
    );
  }
  if (replication?.role === 'REPLICA' && mode === 'NONE') {
    throw refuse(
      'dataReplicationMode',
      `Broker [${id}] is a replica. Change the mode of its primary [${replication.counterpartId}].`,
    );
  }
  if (mode === 'NONE' && isPaired) return { replication: null };
  // The pair is to stay.
  if (mode === 'CRDR' && replication !== null) return {};
  return pending.replication === undefined ? {} : { replication: pending.replication };
}

/**
 * Refuses to delete a broker of a pair. Before the first reboot, the pair ends with the deletion.
 *
 * @returns the changes of the other broker
 * @throws {ControlError} 'bad-request'
 */
export function unpairDeleted(brokers: Brokers, broker: BrokerRecord): ChangeEntry[] {
  const other = counterpartOf(brokers, broker);
  if (other === undefined || broker.state === 'DELETION_IN_PROGRESS') return [];
  if (broker.replication === null && other.replication === null) {
    const { replication: _, ...pending } = other.pending;
    return [change(brokers, other, { pending })];
  }
  const primary = replicaIdOf(broker) === undefined ? other.id : broker.id;
  throw refuse(
    'broker-id',
    `Broker [${broker.id}] is part of a pair with [${other.id}]. Set the data replication mode of ` +
      `the primary [${primary}] to NONE and reboot it first.`,
  );
}

/** The reboot of the replica that a reboot of its primary includes. */
export function replicaReboot(brokers: Brokers, primary: BrokerRecord): ChangeEntry[] {
  const replica = brokers.get(replicaIdOf(primary) ?? '');
  if (replica?.state !== 'REPLICA' && replica?.state !== 'RUNNING') return [];
  const state = nextState(replica.state, 'reboot-asked');
  return state === undefined ? [] : [change(brokers, replica, { state })];
}

function change(brokers: Brokers, { id }: BrokerRecord, set: BrokerUpdate): ChangeEntry {
  return brokers.entry({ updated: id, set });
}
