// Creation of brokers, up to the record.

import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Entry } from '../storage/journal.ts';
import type { BrokerKeys } from './broker-keys.ts';
import type {
  BrokerRecord,
  ConfigurationUse,
  GrantRecord,
  InstanceRecord,
  KeyChoice,
  UserRecord,
  VolumeRecord,
} from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import type { ConfigurationDecisions } from './configurations/configuration-decisions.ts';
import {
  type AcceptedCreation,
  acceptCreation,
  type CreationRequest,
  creationDigest,
} from './creation-request.ts';
import type { Engines } from './engines.ts';
import { ControlError } from './errors.ts';
import type { Requester } from './keys/key-finder.ts';
import type { Offer } from './offers/offer.ts';
import { volumeIdPrefix } from './offers/storage-types.ts';
import { primaryOf } from './replication/replica-request.ts';
import { proveReplication } from './replication/replication-proof.ts';
import type { ReplicationRecord } from './replication/replication-record.ts';
import { refuse } from './rules.ts';
import { ldapRecord, type SealSecret } from './users/ldap.ts';
import type { UserRequest } from './users/user-rules.ts';

/** Brokers of an account, as in Amazon MQ. */
export const brokerCountMax = 200;

/** Passwords of one request that are hashed at a time. */
const hashesAtOnce = 4;

/** A change of a journal. */
export type ChangeEntry = Extract<Entry, { journal: string }>;

/** A decision, and the changes that record it. */
export interface Decided<T> {
  readonly value: T;
  readonly changes: readonly ChangeEntry[];
}

/** The parts that creation needs. */
export interface CreationParts {
  readonly brokers: Brokers;
  readonly configurations: ConfigurationDecisions;
  readonly keys: BrokerKeys;
  /** The kinds of brokers that can be created, and those that this machine cannot run. */
  readonly engines: Pick<Engines, 'offered' | 'missing' | 'engineFor' | 'loadRefusals'>;
  readonly random: Random;
  readonly clock: Clock;
  /** Hashes a password with a one-way function. */
  readonly hashPassword: (password: string) => Promise<string>;
  readonly sealSecret: SealSecret;
  /** Creates the role of the service, unless it exists, with the permissions of the requester. */
  readonly createServiceRole: (requester: Requester) => Promise<void>;
  /** The key of the digests that detect repeated requests; 256 bits. */
  readonly digestKey: KeyObject;
  readonly region: string;
  readonly accountId: string;
}

/**
 * Accepts requests for new brokers. This is the part that needs the requester's identity but no
 * engine.
 */
export class Creation {
  readonly #parts: CreationParts;
  /** The number of requests between their grant and their record, by key ARN. */
  readonly #granting = new Map<string, number>();

  constructor(parts: CreationParts) {
    this.#parts = parts;
  }

  /** Whether a request is in progress that depends on the service's grant on this key. */
  isGranting(keyArn: string): boolean {
    return this.#granting.has(keyArn);
  }

  /**
   * Checks a request, finds its key, and creates the grants with the permissions of the requester.
   * The returned function must be called in the tick in which its changes are applied.
   *
   * @throws {ControlError} 'bad-request', 'conflict'
   */
  async request(
    request: CreationRequest,
    requester: Requester,
  ): Promise<() => Decided<BrokerRecord>> {
    const digest = creationDigest(this.#parts.digestKey, request);
    const repeated = this.#repeated(request, digest);
    if (repeated !== undefined) return () => ({ value: repeated, changes: [] });
    const { offered, missing } = this.#parts.engines;
    const accepted = acceptCreation(request, offered, missing);
    this.refuseTakenName(accepted.name);
    if (accepted.configuration !== undefined)
      await this.#parts.engines.loadRefusals(accepted.offer);
    this.#configuration(accepted);
    this.#primary(accepted);
    const key = await this.#parts.keys.key(accepted.key, requester);
    const users = await this.#hashed(accepted);
    await this.#parts.createServiceRole(requester);
    const release = this.hold(key.arn);
    const grants = await this.#granted(key, accepted, requester).catch((error: unknown) => {
      release();
      throw error;
    });
    return () => {
      release();
      // Another request with the same token may have finished first.
      const first = this.#repeated(request, digest);
      if (first !== undefined) return { value: first, changes: [] };
      this.refuseTakenName(accepted.name);
      const token = request.creatorRequestId;
      const creation = token === undefined ? null : { token, digest };
      const { value: configuration, changes } = this.#configuration(accepted);
      const primary = this.#primary(accepted);
      const made = { key, grants, users, creation, configuration };
      const broker = this.#record(accepted, made, primary);
      const created = this.#parts.brokers.entry({ created: broker });
      const paired = primary === undefined ? [] : [this.#pairing(primary, broker)];
      return { value: broker, changes: [...changes, created, ...paired] };
    };
  }

  #primary(accepted: AcceptedCreation): BrokerRecord | undefined {
    return primaryOf(accepted, this.#parts.brokers, this.#parts);
  }

  /** The roles take effect at the next reboot of the primary. */
  #pairing({ id, pending }: BrokerRecord, replica: BrokerRecord): ChangeEntry {
    const set = { pending: { ...pending, replication: firstRole('PRIMARY', replica.id) } };
    return this.#parts.brokers.entry({ updated: id, set });
  }

  async #granted(
    key: KeyChoice,
    accepted: AcceptedCreation,
    requester: Requester,
  ): Promise<GrantRecord[]> {
    const grants = await this.#grant(key, accepted.offer, requester);
    const primary = this.#primary(accepted);
    if (primary !== undefined) await proveReplication(this.#parts, primary, requester);
    return grants;
  }

  /** Creates the service's grants on a broker's key, in the order of the offer. */
  async #grant(key: KeyChoice, { grants }: Offer, requester: Requester): Promise<GrantRecord[]> {
    const made: GrantRecord[] = [];
    for (const grant of grants) {
      made.push({
        name: grant.name,
        id: await this.#parts.keys.grantService(key, grant, requester),
      });
    }
    return made;
  }

  async #hashed({ users, offer }: AcceptedCreation): Promise<UserRecord[]> {
    const hashed: UserRecord[] = [];
    const hash = offer.hashPassword ?? this.#parts.hashPassword;
    // A hash takes long on purpose; several at a time use all cores.
    for (let i = 0; i < users.length; i += hashesAtOnce) {
      const some = users.slice(i, i + hashesAtOnce).map(async (user) => {
        const passwordHash = await hash(user.password);
        return { username: user.username, passwordHash, ...groupsOf(user, offer) };
      });
      hashed.push(...(await Promise.all(some)));
    }
    return hashed;
  }

  /**
   * Keeps the service's grant on a key from being retired, for a request that depends on it.
   *
   * @returns a function that ends it; call it once
   */
  hold(keyArn: string): () => void {
    this.#granting.set(keyArn, (this.#granting.get(keyArn) ?? 0) + 1);
    return () => {
      const left = (this.#granting.get(keyArn) ?? 0) - 1;
      assert(left >= 0, 'a request releases a key that it has not acquired');
      if (left === 0) this.#granting.delete(keyArn);
      else this.#granting.set(keyArn, left);
    };
  }

  #repeated(request: CreationRequest, digest: string): BrokerRecord | undefined {
    const token = request.creatorRequestId;
    const broker = token === undefined ? undefined : this.#parts.brokers.withToken(token);
    if (broker === undefined || broker.creation?.digest === digest) return broker;
    throw new ControlError(
      'conflict',
      `The creator request id [${token}] was used for a request with other parameters.`,
      'creatorRequestId',
    );
  }

  /** The configuration that a broker begins with: one that is there, its own, or none. */
  #configuration(accepted: AcceptedCreation): Decided<ConfigurationUse | null> {
    const { offer, configuration: asked, name, engineVersion, authenticationStrategy } = accepted;
    const { engineType } = offer;
    const { hostInstanceType } = accepted;
    const { deploymentMode } = offer;
    const kind = { engineType, engineVersion, deploymentMode, hostInstanceType };
    const broker = { name, ...kind, authenticationStrategy };
    const { configurations } = this.#parts;
    if (asked !== undefined) return { value: configurations.choose(asked, broker), changes: [] };
    if (!offer.hasOwnConfiguration) return { value: null, changes: [] };
    const { value, changes } = configurations.createFor(broker);
    return { value: { id: value.id, revision: value.latest.revision }, changes };
  }

  /** @throws {ControlError} 'bad-request', 'conflict' */
  refuseTakenName(name: string): void {
    const count = [...this.#parts.brokers.all()].length;
    if (count >= brokerCountMax) {
      const text = `There are ${count} brokers; at most ${brokerCountMax} are allowed.`;
      throw refuse('brokerName', text);
    }
    if (this.#parts.brokers.withName(name) === undefined) return;
    throw new ControlError(
      'conflict',
      `Broker with name [${name}] already exists. Broker names must be unique.`,
      'brokerName',
    );
  }

  #record(
    accepted: AcceptedCreation,
    made: Pick<BrokerRecord, 'key' | 'grants' | 'users' | 'creation' | 'configuration'>,
    primary: BrokerRecord | undefined,
  ): BrokerRecord {
    const { region, accountId, clock, sealSecret } = this.#parts;
    const {
      key: _,
      users: __,
      storageType: ___,
      primaryArn: ____,
      ldap,
      offer,
      ...settings
    } = accepted;
    const id = `b-${this.#parts.random.uuid()}`;
    const volumes = this.#volumes(accepted, primary);
    return {
      id,
      arn: `arn:aws:mq:${region}:${accountId}:broker:${accepted.name}:${id}`,
      state: 'CREATION_IN_PROGRESS',
      createdMs: clock.nowMs(),
      engineType: offer.engineType,
      deploymentMode: offer.deploymentMode,
      autoMinorVersionUpgrade: true,
      configurationHistory: [],
      windowMoves: null,
      keyChange: null,
      formerKeys: [],
      rekeying: null,
      ...settings,
      ...made,
      ldap: ldap === undefined ? null : ldapRecord(ldap, id, sealSecret),
      volumes,
      instances: instancesOn(volumes, offer),
      ports: [],
      action: null,
      replication: null,
      pending: primary === undefined ? {} : { replication: firstRole('REPLICA', primary.id) },
    };
  }

  /** The id of a volume is part of its keys. A replica with the data keys of its primary has that, too. */
  #volumes(
    { offer, storageType }: AcceptedCreation,
    primary: BrokerRecord | undefined,
  ): VolumeRecord[] {
    const { random } = this.#parts;
    const length = offer.isVolumeShared ? 1 : offer.instanceCount;
    const { replicas } = primary ? this.#parts.engines.engineFor(primary).volumes : {};
    const shared = replicas?.mounts === undefined ? primary?.volumes : undefined;
    return Array.from({ length }, (_, i) => ({
      id:
        shared?.[i]?.id ??
        `${volumeIdPrefix(storageType)}${random.bytes(9).toString('hex').slice(0, 17)}`,
      storageType,
      grantId: null,
      isMade: false,
      epoch: 0,
      mountedEpoch: 0,
    }));
  }
}

function firstRole(role: ReplicationRecord['role'], counterpartId: string): ReplicationRecord {
  return { role, counterpartId, lineage: 1, promotion: null };
}

function groupsOf(
  { groups = [], consoleAccess = false, replicationUser }: UserRequest,
  { rules }: Offer,
): Pick<UserRecord, 'groups' | 'consoleAccess' | 'replicationUser'> {
  if (!rules.users.hasGroups) return {};
  return { groups, consoleAccess, ...(replicationUser !== undefined && { replicationUser }) };
}

/** Assigns volumes to instances: one each, or one that all instances share. */
function instancesOn(volumes: readonly VolumeRecord[], { instanceCount }: Offer): InstanceRecord[] {
  return Array.from({ length: instanceCount }, (_, i) => {
    const volume = volumes[i % volumes.length];
    assert(volume !== undefined, 'a broker has no volume');
    return { number: i + 1, volumeId: volume.id };
  });
}
