import { assert } from '../base/assert.ts';
import { WaxwingError } from '../base/errors.ts';
import type { BrokerRecord, KeyChoice } from './broker-record.ts';
import { refuse } from './rules.ts';

/** The service's own principal, as which it calls the key service. */
const mqPrincipal = 'mq.amazonaws.com';

/** What the service may do with a broker's key. */
const serviceOperations = [
  'CreateGrant',
  'Decrypt',
  'GenerateDataKeyWithoutPlaintext',
  'ReEncryptFrom',
  'ReEncryptTo',
  'DescribeKey',
];

/** A broker's key, or a grant on it, cannot be used; the message says which and why. */
export class KeyLost extends WaxwingError<'key-lost'> {
  constructor(message: string, options?: ErrorOptions) {
    super('key-lost', message, options);
  }
}

type Reply = Readonly<Record<string, unknown>>;

/** As whom control calls the key service. */
export type CallAs<Requester> =
  /** With the requester's identity, the event under Amazon MQ's own source. */
  | { readonly onBehalfOf: Requester; readonly eventSource?: string }
  /** As a service principal. */
  | { readonly principal: string; readonly sharedEventId?: string };

/** Calls the key service through the front door. */
export type KeyServiceCall<Requester> = (
  operation: string,
  input: object,
  as: CallAs<Requester>,
  owner: KeyChoice['owner'],
) => Promise<object>;

/** The members of a key's metadata that control decides by. */
interface KeyMetadata {
  readonly Arn: string;
  readonly KeyState: string;
  readonly KeySpec: string;
  readonly KeyUsage: string;
  readonly KeyManager: 'CUSTOMER' | 'AWS';
}

/**
 * All that the service does with the keys of brokers: the grants that Amazon MQ makes, the data key
 * of a broker's volume, and the checks whether they are still there.
 */
export class BrokerKeys<Requester> {
  readonly #call: KeyServiceCall<Requester>;
  readonly #region: string;
  readonly #uuid: () => string;

  constructor(call: KeyServiceCall<Requester>, region: string, uuid: () => string) {
    this.#call = call;
    this.#region = region;
    this.#uuid = uuid;
  }

  /**
   * The key that a customer names for a broker: it must be there for the requester to see, enabled
   * and symmetric.
   *
   * @param named key id, key ARN, alias or alias ARN
   * @throws {ControlError} 'bad-request'
   */
  async customerKey(named: string, requester: Requester): Promise<KeyChoice> {
    const metadata = await this.#describe(named, requester);
    const { Arn: arn, KeySpec: spec, KeyUsage: usage, KeyState: state } = metadata;
    if (spec !== 'SYMMETRIC_DEFAULT' || usage !== 'ENCRYPT_DECRYPT') {
      throw refuse(
        'kmsKeyId',
        `KMS key [${arn}] is of spec ${spec} for ${usage}. ` +
          'Only symmetric encryption keys (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT) are supported.',
      );
    }
    if (state !== 'Enabled') {
      throw refuse('kmsKeyId', `KMS key [${arn}] is in state ${state}, it must be Enabled.`);
    }
    return { owner: metadata.KeyManager === 'AWS' ? 'managed' : 'customer', arn };
  }

  async #describe(named: string, requester: Requester): Promise<KeyMetadata> {
    const as = { onBehalfOf: requester };
    const reply = await this.#call('DescribeKey', { KeyId: named }, as, 'customer').catch(
      (error: unknown) => {
        throw isRefusal(error)
          ? refuse('kmsKeyId', `KMS key [${named}] cannot be used: ${error.message}`)
          : error;
      },
    );
    return (reply as { KeyMetadata: KeyMetadata }).KeyMetadata;
  }

  /**
   * The grant by which the service may use a key at all, made with the requester's own right to
   * grant. Brokers of one key share it.
   *
   * @returns the grant's id
   * @throws {ControlError} 'bad-request' where the requester may not, or the key cannot be granted
   */
  async grantService(key: KeyChoice, requester: Requester): Promise<string> {
    const input = {
      KeyId: key.arn,
      GranteePrincipal: mqPrincipal,
      RetiringPrincipal: mqPrincipal,
      Operations: serviceOperations,
      Name: 'mq_grant',
    };
    const as: CallAs<Requester> =
      key.owner === 'service'
        ? { principal: mqPrincipal }
        : { onBehalfOf: requester, eventSource: 'amazonmq.amazonaws.com' };
    const reply = await this.#call('CreateGrant', input, as, key.owner).catch((error: unknown) => {
      throw isRefusal(error)
        ? refuse('kmsKeyId', `KMS key [${key.arn}] cannot be granted: ${error.message}`)
        : error;
    });
    return grantId(reply);
  }

  /** The grant that lets the broker's volume be opened; its id. */
  async grantVolume({ key, volumeId }: BrokerRecord): Promise<string> {
    const input = {
      KeyId: key.arn,
      GranteePrincipal: mqPrincipal,
      RetiringPrincipal: this.#volumePrincipal,
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextSubset: volumeContext(volumeId) },
    };
    return grantId(await this.#asService(key, 'CreateGrant', input, this.#uuid()));
  }

  /** The volume's grant that an interrupted creation made, if it got so far. */
  async findVolumeGrant({ key, volumeId }: BrokerRecord): Promise<string | undefined> {
    const grants = await this.#grants(key);
    return grants.find(
      ({ Constraints }) => Constraints?.EncryptionContextSubset?.['aws:ebs:id'] === volumeId,
    )?.GrantId;
  }

  /** A new data key for the broker's volume, wrapped. */
  async newDataKey({ key, volumeId }: BrokerRecord): Promise<Buffer> {
    const reply = await this.#asService(key, 'GenerateDataKeyWithoutPlaintext', {
      KeyId: key.arn,
      NumberOfBytes: 32,
      EncryptionContext: volumeContext(volumeId),
    });
    return bytes(reply, 'CiphertextBlob');
  }

  /** The data key of the broker's volume, 32 bytes, the caller's to overwrite. */
  async openDataKey({ key, volumeId }: BrokerRecord, wrapped: Buffer): Promise<Buffer> {
    const reply = await this.#asService(key, 'Decrypt', {
      KeyId: key.arn,
      CiphertextBlob: wrapped,
      EncryptionContext: volumeContext(volumeId),
    });
    return bytes(reply, 'Plaintext');
  }

  /**
   * Asks whether the data key could be opened, without opening it.
   *
   * @throws {KeyLost} where not
   */
  async tryDataKey({ key, volumeId }: BrokerRecord, wrapped: Buffer): Promise<void> {
    const input = {
      KeyId: key.arn,
      CiphertextBlob: wrapped,
      EncryptionContext: volumeContext(volumeId),
      DryRun: true,
    };
    await this.#asService(key, 'Decrypt', input).catch((error: unknown) => {
      const cause = error instanceof KeyLost ? error.cause : undefined;
      if (!(cause instanceof WaxwingError && cause.code === 'DryRunOperationException'))
        throw error;
    });
  }

  /**
   * Asks whether the key is enabled and the broker's own grants are there. A grant made by hand in
   * the place of a revoked one is not taken for it.
   *
   * @throws {KeyLost} where not
   */
  async check({ key, grants }: BrokerRecord): Promise<void> {
    const reply = await this.#asService(key, 'DescribeKey', { KeyId: key.arn });
    const { KeyState: state } = (reply as unknown as { KeyMetadata: KeyMetadata }).KeyMetadata;
    if (state !== 'Enabled') {
      throw new KeyLost(`The KMS key ${key.arn} is in state ${state}, it must be Enabled.`);
    }
    const present = new Set((await this.#grants(key)).map(({ GrantId }) => GrantId));
    for (const id of [grants.service, grants.volume]) {
      if (id === null || present.has(id)) continue;
      throw new KeyLost(
        `The grant ${id} on the KMS key ${key.arn} is gone, which cannot be undone.`,
      );
    }
  }

  /** Gives up the grant on the broker's volume; none needs to be there any more. */
  async retireVolumeGrant({ key, grants }: BrokerRecord): Promise<void> {
    if (grants.volume !== null) await this.#retire(key, grants.volume, this.#volumePrincipal);
  }

  /** Gives up the grant that brokers of one key share. */
  async retireServiceGrant({ key, grants }: BrokerRecord): Promise<void> {
    await this.#retire(key, grants.service, mqPrincipal);
  }

  async #retire(key: KeyChoice, grant: string, principal: string): Promise<void> {
    const input = { KeyId: key.arn, GrantId: grant };
    try {
      await this.#call('RetireGrant', input, { principal }, key.owner);
    } catch (error) {
      // The grant, or the key with all its grants, is gone already: what was wanted.
      if (!isRefusal(error)) throw error;
    }
  }

  async #grants(key: KeyChoice): Promise<Grant[]> {
    const grants: Grant[] = [];
    let marker: unknown;
    do {
      const reply = await this.#asService(key, 'ListGrants', {
        KeyId: key.arn,
        Limit: 100,
        ...(marker !== undefined && { Marker: marker }),
      });
      grants.push(...(reply as unknown as { Grants: readonly Grant[] }).Grants);
      marker = reply['NextMarker'];
    } while (marker !== undefined);
    return grants;
  }

  /** @throws {KeyLost} where the key service refuses, and asking again would not help */
  async #asService(
    key: KeyChoice,
    operation: string,
    input: object,
    sharedEventId?: string,
  ): Promise<Reply> {
    const as = { principal: mqPrincipal, ...(sharedEventId !== undefined && { sharedEventId }) };
    try {
      return (await this.#call(operation, input, as, key.owner)) as Reply;
    } catch (error) {
      if (isRefusal(error)) throw new KeyLost(error.message, { cause: error });
      throw error;
    }
  }

  get #volumePrincipal(): string {
    return `ec2.${this.#region}.amazonaws.com`;
  }
}

interface Grant {
  readonly GrantId: string;
  readonly Constraints?: { readonly EncryptionContextSubset?: Readonly<Record<string, string>> };
}

function volumeContext(volumeId: string): Record<string, string> {
  return { 'aws:ebs:id': volumeId };
}

function grantId(reply: object): string {
  return (reply as { GrantId: string }).GrantId;
}

function bytes(reply: Reply, member: string): Buffer {
  const value = reply[member];
  assert(value instanceof Buffer, `the key service answers without ${member}`);
  return value;
}

/** True for an answer of the key service that it would give again. */
function isRefusal(error: unknown): error is WaxwingError {
  return error instanceof WaxwingError && 'status' in error && Number(error.status) < 500;
}
