// The replication of running primaries to their replicas, and the change of their roles.

import type { Clock } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { Entry } from '../../storage/journal.ts';
import type { BrokerKeys } from '../broker-keys.ts';
import type { BrokerRecord, VolumeRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { Engines } from '../engines.ts';
import { nextState } from '../lifecycle.ts';
import type { Report } from '../report.ts';
import type { EngineReplicas } from '../volumes/engine-volumes.ts';
import type { VolumeKeys } from '../volumes/volume-keys.ts';
import type { WrappedDataKey } from '../volumes/volume-state.ts';
import { counterpartOf, isPrimaryOf } from './pairs.ts';
import { mountForCopy } from './replica-mount.ts';
import { maySucceed } from './replication-decisions.ts';
import type { ReplicationRecord } from './replication-record.ts';

/** The parts that replication needs. */
export interface ReplicatorParts {
  readonly brokers: Brokers;
  readonly engines: Engines;
  readonly keys: BrokerKeys;
  readonly volumeKeys: Pick<VolumeKeys, 'create' | 'open'>;
  readonly clock: Clock;
  /** Whether a broker accepts connections. */
  readonly isUp: (brokerId: string) => boolean;
  /** Lets a broker's record take effect. */
  readonly wake: (brokerId: string) => void;
  /** Applies the changes before it returns. Resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly report: Report;
}

/** Longest delay before replication is tried again, milliseconds. */
const pauseMsMax = 60_000;

/** What is known of a replica in this process. */
interface Progress {
  /** Resolves when the present copy ends, whether or not it failed. */
  copying: Promise<void> | undefined;
  /** When the last complete copy began; monotonic. */
  stateMs: number | undefined;
  failures: number;
  retryAtMs: number;
}

/**
 * Copies what primaries have written to their replicas, about once a second, and swaps the roles of
 * pairs.
 *
 * @see docs/decisions/0112-replicas-are-copies-of-the-sealed-log.md
 */
export class Replicator {
  readonly #parts: ReplicatorParts;
  readonly #progress = new Map<string, Progress>();
  #isClosed = false;

  constructor(parts: ReplicatorParts) {
    this.#parts = parts;
  }

  /** Copies what is new. Call it about once a second. */
  tick(): void {
    if (this.#isClosed) return;
    for (const replica of this.#parts.brokers.all()) {
      const { replication } = replica;
      if (replica.pending.replication) this.#pair(replica);
      if (replication?.role !== 'REPLICA') continue;
      const primary = counterpartOf(this.#parts.brokers, replica);
      const isWanted = primary === undefined || replica.state === 'REBOOT_IN_PROGRESS';
      if (isWanted) this.#parts.wake(replica.id);
      else if (this.#isDue(primary, replica)) this.#begin(primary.id, replica.id);
    }
    for (const id of this.#progress.keys()) {
      if (this.#parts.brokers.get(id)?.replication?.role !== 'REPLICA') this.#progress.delete(id);
    }
  }

  /** A replica that was not ready when its primary was rebooted follows; a pair that ended is forgotten. */
  #pair(broker: BrokerRecord): void {
    const { brokers, commit, wake, report } = this.#parts;
    const { id, state, pending } = broker;
    const other = counterpartOf(brokers, broker);
    const { replication, ...others } = pending;
    const isLate = replication?.role === 'REPLICA' && isPrimaryOf(other, broker);
    const next = isLate ? nextState(state, 'reboot-asked') : undefined;
    if (other !== undefined && (next === undefined || state !== 'RUNNING')) return;
    const set = other === undefined ? { pending: others } : { state: next ?? state };
    commit([brokers.entry({ updated: id, set })]).then(
      () => wake(id),
      (error: unknown) => report('error', id, 'its place in a pair could not be recorded', error),
    );
  }

  #isDue(primary: BrokerRecord, replica: BrokerRecord): boolean {
    if (replica.state !== 'REPLICA' || replica.replication?.promotion !== null) return false;
    if (!isPrimaryOf(primary, replica) || !this.#parts.isUp(primary.id)) return false;
    const { copying, retryAtMs } = this.#of(replica.id);
    return copying === undefined && retryAtMs <= this.#nowMs;
  }

  #begin(primaryId: string, replicaId: string): void {
    const progress = this.#of(replicaId);
    progress.copying = this.#copy(primaryId, replicaId)
      .then(
        () => {
          progress.failures = 0;
          progress.retryAtMs = 0;
        },
        (error: unknown) => this.#failed(replicaId, progress, error),
      )
      .finally(() => {
        progress.copying = undefined;
      });
  }

  #failed(replicaId: string, progress: Progress, error: unknown): void {
    const pauseMs = Math.min(1000 * 2 ** Math.min(progress.failures, 10), pauseMsMax);
    progress.retryAtMs = this.#nowMs + pauseMs;
    progress.failures += 1;
    // The primary may have been stopped meanwhile.
    if (progress.failures !== 3 && pauseMs < pauseMsMax) return;
    const text = `data is not replicated; it failed ${progress.failures} times`;
    this.#parts.report('warn', replicaId, text, error);
  }

  /** Copies the present state of a primary, which may have ended. */
  async #copy(primaryId: string, replicaId: string): Promise<void> {
    const { brokers, clock } = this.#parts;
    const replicas = this.#replicasOf(brokers.require(replicaId));
    await mountForCopy(this.#parts, replicas, replicaId);
    const beganMs = clock.monotonicMs();
    const state = await replicas.primary(primaryId);
    try {
      const replica = brokers.require(replicaId);
      const lineage = replica.replication?.lineage ?? 0;
      const keys = replicas.mounts
        ? []
        : await this.#keysFor(primaryId, replica, state.wrappedKeys);
      if (this.#isClosed) throw new Error('the service ends');
      await state.copyTo(replicaId, lineage, keys);
      await this.#mounted(replicaId, state.epoch);
      this.#of(replicaId).stateMs = beganMs;
    } finally {
      await state.release();
    }
  }

  /** Wraps data keys for a replica, unless it has them. */
  async #keysFor(
    primaryId: string,
    replica: BrokerRecord,
    wrapped: readonly WrappedDataKey[],
  ): Promise<readonly WrappedDataKey[]> {
    const { brokers, keys } = this.#parts;
    const { id, key: to, replication } = replica;
    const volume = volumeOf(replica);
    const held = await this.#replicasOf(replica).keys(id, replication?.lineage ?? 0);
    const all: WrappedDataKey[] = [];
    for (const { generation, wrappedKey } of wrapped) {
      const known = held.find((each) => each.generation === generation);
      if (known !== undefined) {
        all.push(known);
        continue;
      }
      const from = brokers.require(primaryId).key;
      const anew = await keys.rewrapDataKey({ from, to }, volume, wrappedKey);
      // A data key that cannot be opened any more would be noticed only by the promotion.
      await keys.tryDataKey(to, volume, anew);
      all.push({ generation, wrappedKey: anew });
    }
    return all;
  }

  /** Records the mount whose state a replica has, so that an older copy of it would be noticed. */
  async #mounted(replicaId: string, epoch: number): Promise<void> {
    const { brokers, commit } = this.#parts;
    const replica = brokers.require(replicaId);
    if (volumeOf(replica).mountedEpoch >= epoch) return;
    const volumes = replica.volumes.map((volume) => ({
      ...volume,
      epoch: Math.max(volume.epoch, epoch),
      mountedEpoch: epoch,
    }));
    await commit([brokers.entry({ updated: replicaId, set: { volumes } })]);
  }

  /**
   * Swaps the roles of a pair, whose primary was stopped. If that is not possible, the promotion is given
   * up, and the primary stays what it is.
   *
   * @throws errors of the copy if the service ends: the next one swaps the roles
   */
  async swap(primaryId: string): Promise<void> {
    const { brokers, commit, report, wake } = this.#parts;
    const { replication } = brokers.require(primaryId);
    if (replication?.promotion == null) return;
    const { counterpartId: replicaId, promotion } = replication;
    await this.#progress.get(replicaId)?.copying;
    try {
      if (promotion === 'SWITCHOVER') await this.#copyAll(primaryId, replicaId);
      await this.#requireState(primaryId, replicaId);
    } catch (error) {
      if (this.#isClosed) throw error;
      report('error', primaryId, `the ${promotion.toLowerCase()} was given up`, error);
      const given = [primaryId, replicaId].flatMap((id) => {
        const own = brokers.get(id)?.replication;
        if (own == null) return [];
        const set = { replication: { ...own, promotion: null } };
        return [brokers.entry({ updated: id, set })];
      });
      await commit(given);
      return;
    }
    await commit(swapped(brokers, brokers.require(primaryId), brokers.require(replicaId)));
    // What was known of copies belongs to the previous roles.
    for (const id of [primaryId, replicaId]) this.#progress.delete(id);
    wake(replicaId);
  }

  /** Copies everything that a primary has, which was stopped. */
  async #copyAll(primaryId: string, replicaId: string): Promise<void> {
    const replicas = this.#replicasOf(this.#parts.brokers.require(primaryId));
    const progress = this.#of(replicaId);
    const copy = async () => {
      await mountForCopy(this.#parts, replicas, primaryId);
      await this.#copy(primaryId, replicaId);
    };
    const copied = copy();
    progress.copying = copied.catch(() => {}); // interrupted if the service ends
    try {
      await copied;
    } finally {
      progress.copying = undefined;
      await replicas.mounts?.unmount(primaryId);
    }
  }

  /** Checks the replica again, because its primary may have started after the promotion was requested. */
  async #requireState(primaryId: string, replicaId: string): Promise<void> {
    const { brokers } = this.#parts;
    const state = await this.stateOf(replicaId);
    if (maySucceed(brokers.require(replicaId), brokers.require(primaryId), state)) return;
    throw new Error(`the replica ${replicaId} has no complete copy`);
  }

  /** What a replica has, from which it can be promoted. A damaged copy is none. */
  async stateOf(replicaId: string): Promise<'copy' | 'former' | 'nothing'> {
    const replica = this.#parts.brokers.require(replicaId);
    if (replica.replication?.role !== 'REPLICA') return 'nothing';
    try {
      const { lineage } = replica.replication;
      const state = await this.#replicasOf(replica).stateOf(replicaId, lineage);
      // A broker that was never the primary has no data of the pair.
      return state === 'former' && lineage === 1 ? 'nothing' : state;
    } catch (error) {
      if (error instanceof WaxwingError) return 'nothing';
      throw error;
    }
  }

  /**
   * By how much the state of a replica is older than its primary, at most; milliseconds. Undefined before
   * this process has copied it.
   */
  lagMs(replicaId: string): number | undefined {
    const atMs = this.#progress.get(replicaId)?.stateMs;
    return atMs === undefined ? undefined : this.#nowMs - atMs;
  }

  /** The lags of all replicas of which they are known, in milliseconds, with the names of both brokers. */
  *lags(): Iterable<{ readonly names: readonly string[]; readonly lagMs: number }> {
    const { brokers } = this.#parts;
    for (const id of this.#progress.keys()) {
      const replica = brokers.get(id);
      const lagMs = this.lagMs(id);
      if (replica === undefined || lagMs === undefined) continue;
      const primary = counterpartOf(brokers, replica);
      yield { names: [replica, ...(primary ? [primary] : [])].map(({ name }) => name), lagMs };
    }
  }

  /** Waits for what is being copied. */
  async idle(): Promise<void> {
    await Promise.all([...this.#progress.values()].map(({ copying }) => copying));
  }

  /** Begins nothing more, and waits for what is being copied, or interrupts it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const [id, { copying }] of this.#progress) {
      const replica = copying && this.#parts.brokers.get(id);
      if (replica !== undefined) await this.#replicasOf(replica).mounts?.interrupt(id);
    }
    await this.idle();
  }

  #replicasOf(broker: BrokerRecord): EngineReplicas {
    const { replicas } = this.#parts.engines.engineFor(broker).volumes;
    if (replicas !== undefined) return replicas;
    throw new Error(`the engine of broker ${broker.id} has no replicas`);
  }

  #of(replicaId: string): Progress {
    const known = this.#progress.get(replicaId);
    if (known !== undefined) return known;
    const none = { copying: undefined, stateMs: undefined, failures: 0, retryAtMs: 0 };
    this.#progress.set(replicaId, none);
    return none;
  }

  get #nowMs(): number {
    return this.#parts.clock.monotonicMs();
  }
}

function volumeOf({ id, volumes }: BrokerRecord): VolumeRecord {
  const [volume] = volumes;
  if (volume === undefined) throw new Error(`broker ${id} has no volume`);
  return volume;
}

/** The changes by which both brokers of a pair change their roles at once. */
function swapped(brokers: Brokers, primary: BrokerRecord, replica: BrokerRecord): Entry[] {
  const lineage = (primary.replication?.lineage ?? 0) + 1;
  const as = (role: ReplicationRecord['role'], counterpartId: string): ReplicationRecord => {
    return { role, counterpartId, lineage, promotion: null };
  };
  // Its mounts are newer than all of the former primary, whose data keys it shares.
  const epoch = Math.max(volumeOf(primary).epoch, volumeOf(replica).epoch);
  const demoted = {
    state: nextState(primary.state, 'demoted') ?? primary.state,
    action: null,
    replication: as('REPLICA', replica.id),
    volumes: primary.volumes.map((volume) => ({ ...volume, isMade: false })),
  };
  const promoted = {
    state: nextState(replica.state, 'promoted') ?? replica.state,
    replication: as('PRIMARY', primary.id),
    volumes: replica.volumes.map((volume) => ({ ...volume, epoch })),
  };
  return [
    brokers.entry({ updated: primary.id, set: demoted }),
    brokers.entry({ updated: replica.id, set: promoted }),
  ];
}
