import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Entry } from '../storage/journal.ts';
import type { BrokerKeys, Requester } from './broker-keys.ts';
import type { BrokerRecord, KeyChoice } from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import {
  type AcceptedCreation,
  acceptCreation,
  type CreationRequest,
  creationDigest,
} from './creation-request.ts';
import { ControlError } from './errors.ts';

/** A journal change to be committed. */
export type ChangeEntry = Extract<Entry, { journal: string }>;

/** What was decided, and the changes that make it true. */
export interface Decided<T> {
  readonly value: T;
  readonly changes: readonly ChangeEntry[];
}

/** What the creation of brokers needs. */
export interface CreationParts {
  readonly brokers: Brokers;
  readonly keys: BrokerKeys;
  readonly random: Random;
  readonly clock: Clock;
  /** A hash that the password cannot be found from. */
  readonly hashPassword: (password: string) => Promise<string>;
  /** The key of the digests by which repeated requests are told from others; 256 bits. */
  readonly digestKey: KeyObject;
  readonly region: string;
  readonly accountId: string;
}

/** Takes in requests for new brokers: everything that needs the requester, and no engine. */
export class Creation {
  readonly #parts: CreationParts;
  /** By key ARN: how many requests are between their grant and their record. */
  readonly #granting = new Map<string, number>();

  constructor(parts: CreationParts) {
    this.#parts = parts;
  }

  /** Whether a request is about to depend on the service's grant on this key. */
  isGranting(keyArn: string): boolean {
    return this.#granting.has(keyArn);
  }

  /**
   * Takes a request in: the rules, the key, the grant with the requester's own right. What it
   * returns must be called in the tick in which its changes are applied.
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
    const accepted = acceptCreation(request);
    this.#refuseTakenName(accepted.name);
    const key = await this.#parts.keys.key(accepted.key, requester);
    const passwordHash = await this.#parts.hashPassword(accepted.user.password);
    const release = this.#hold(key.arn);
    const grant = await this.#parts.keys.grantService(key, requester).catch((error: unknown) => {
      release();
      throw error;
    });
    return () => {
      release();
      // Another request may have come first while this one was waiting.
      const first = this.#repeated(request, digest);
      if (first !== undefined) return { value: first, changes: [] };
      this.#refuseTakenName(accepted.name);
      const token = request.creatorRequestId;
      const creation = token === undefined ? null : { token, digest };
      const broker = this.#record(accepted, { key, grant, passwordHash, creation });
      return { value: broker, changes: [this.#parts.brokers.entry({ created: broker })] };
    };
  }

  #hold(keyArn: string): () => void {
    this.#granting.set(keyArn, (this.#granting.get(keyArn) ?? 0) + 1);
    return () => {
      const left = (this.#granting.get(keyArn) ?? 0) - 1;
      assert(left >= 0, 'a request lets go of a key that it does not hold');
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

  #refuseTakenName(name: string): void {
    if (this.#parts.brokers.withName(name) === undefined) return;
    throw new ControlError(
      'conflict',
      `Broker with name [${name}] already exists. Broker names must be unique.`,
      'brokerName',
    );
  }

  #record(
    accepted: AcceptedCreation,
    made: {
      readonly key: KeyChoice;
      readonly grant: string;
      readonly passwordHash: string;
      readonly creation: BrokerRecord['creation'];
    },
  ): BrokerRecord {
    const { region, accountId, random, clock } = this.#parts;
    const { user, key: _, ...settings } = accepted;
    const id = `b-${random.uuid()}`;
    return {
      id,
      arn: `arn:aws:mq:${region}:${accountId}:broker:${accepted.name}:${id}`,
      state: 'CREATION_IN_PROGRESS',
      createdMs: clock.nowMs(),
      engineType: 'RABBITMQ',
      deploymentMode: 'SINGLE_INSTANCE',
      autoMinorVersionUpgrade: true,
      ...settings,
      users: [{ username: user.username, passwordHash: made.passwordHash }],
      creation: made.creation,
      key: made.key,
      grants: { service: made.grant, volume: null },
      volumeId: `vol-${random.bytes(9).toString('hex').slice(0, 17)}`,
      hasVolume: false,
      epoch: 0,
      mountedEpoch: 0,
      ports: {},
      action: null,
      pending: {},
    };
  }
}
