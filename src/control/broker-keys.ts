// The use of KMS keys by brokers: grants, data keys, and checks.

import type { CallIdentity, LocalClient } from '../aws/local-client.ts';
import { WaxwingError } from '../base/errors.ts';
import type { BrokerRecord, KeyChoice, VolumeRecord } from './broker-record.ts';
import type { GrantOffer } from './offers/offer.ts';
import { type VolumeName, volumeContext, volumePrincipal } from './offers/storage-types.ts';
import { refuse } from './rules.ts';

/** The service principal of Amazon MQ. */
const mqPrincipal = 'mq.amazonaws.com';

/** The account of service-owned keys. */
const serviceAccountId = '000000000000';

/** A broker's key or a grant on it cannot be used. The message names it and the reason. */
export class KeyLost extends WaxwingError<'key-lost'> {
  constructor(message: string, options?: ErrorOptions) {
    super('key-lost', message, options);
  }
}

/** The wrapped data key beside a volume was not created for that volume. */
export class ForeignDataKey extends WaxwingError<'volume-damaged'> {
  constructor(volumeId: string, options: ErrorOptions) {
    const what = `the wrapped data key beside volume ${volumeId} was not created for that volume`;
    super(
      'volume-damaged',
      `${what}: its header was modified or belongs to another volume`,
      options,
    );
  }
}

/** Error codes that mean this. */
const foreignCodes = ['InvalidCiphertextException', 'IncorrectKeyException'];

/** The caller that requests something about a broker. */
export interface Requester {
  readonly caller: NonNullable<CallIdentity['onBehalfOf']>;
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** The key metadata that the decisions use. */
interface KeyMetadata {
  readonly Arn: string;
  readonly KeyState: string;
  readonly KeySpec: string;
  readonly KeyUsage: string;
  readonly KeyManager: 'CUSTOMER' | 'AWS';
}

/** The parts of a broker that its key concerns. */
export type KeyedBroker = Pick<BrokerRecord, 'key' | 'grants' | 'volumes'>;

/** The key that a request selects, by name or by owner. */
export type AskedKey = { readonly named: string } | 'service' | 'managed';

/**
 * Everything that the service does with the keys of brokers: it creates grants, creates and
 * decrypts the data keys of volumes, and checks that keys and grants still exist.
 */
export class BrokerKeys {
  readonly #client: LocalClient;
  readonly #region: string;
  readonly #uuid: () => string;
  #ownKey: Promise<string> | undefined = undefined;

  constructor(client: LocalClient, region: string, uuid: () => string) {
    this.#client = client;
    this.#region = region;
    this.#uuid = uuid;
  }

  /**
   * Returns the key for a broker: the selected one, the service-owned key, or the AWS managed key
   * of the account. The latter two are created when they are first needed.
   *
   * @throws {ControlError} 'bad-request'
   */
  async key(asked: AskedKey, requester: Requester): Promise<KeyChoice> {
    if (asked === 'managed') return this.#customerKey('alias/aws/mq', requester);
    if (asked !== 'service') return this.#customerKey(asked.named, requester);
    this.#ownKey ??= this.#findOwnKey().catch((error: unknown) => {
      this.#ownKey = undefined;
      throw error;
    });
    return { owner: 'service', arn: await this.#ownKey };
  }

  /** Finds the service-owned key, which no account sees. */
  async #findOwnKey(): Promise<string> {
    const as = { service: mqPrincipal, accountId: serviceAccountId };
    const { Keys } = await this.#kms<{ Keys?: readonly { KeyArn: string }[] }>('ListKeys', {}, as);
    const [known] = Keys ?? [];
    if (known !== undefined) return known.KeyArn;
    const input = { Description: 'Protects brokers without a customer managed key' };
    const { KeyMetadata: made } = await this.#kms<KeyReply>('CreateKey', input, as);
    return made.Arn;
  }

  /**
   * Returns the key that a customer names. It must be visible to the requester, enabled and
   * symmetric.
   *
   * @param named key id, key ARN, alias or alias ARN
   * @throws {ControlError} 'bad-request'
   */
  async #customerKey(named: string, requester: Requester): Promise<KeyChoice> {
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
    const as = { service: mqPrincipal, onBehalfOf: requester.caller };
    try {
      return (await this.#kms<KeyReply>('DescribeKey', { KeyId: named }, as)).KeyMetadata;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      throw refuse('kmsKeyId', `KMS key [${named}] cannot be used: ${error.message}`);
    }
  }

  /**
   * Creates a grant that lets the service use a key, with the permissions of the requester. All
   * brokers of one type with the same key share it.
   *
   * @returns the grant id
   * @throws {ControlError} 'bad-request' if the requester may not create the grant, or the key does
   *   not allow it
   */
  async grantService(key: KeyChoice, grant: GrantOffer, requester: Requester): Promise<string> {
    const input = {
      KeyId: key.arn,
      GranteePrincipal: mqPrincipal,
      RetiringPrincipal: mqPrincipal,
      Operations: grant.operations,
      Name: grant.name,
    };
    const { caller, sourceIp, userAgent } = requester;
    const as: CallIdentity =
      key.owner === 'service'
        ? ownAccount(key)
        : {
            service: mqPrincipal,
            onBehalfOf: caller,
            origin: { sourceIp, userAgent },
            eventSource: 'amazonmq.amazonaws.com',
            unrecorded: ['Name'],
          };
    try {
      return (await this.#kms<GrantReply>('CreateGrant', input, as)).GrantId;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      throw refuse('kmsKeyId', `KMS key [${key.arn}] does not allow the grant: ${error.message}`);
    }
  }

  /** Creates the grant for decrypting the data key of a volume, and returns its id. */
  async grantVolume(key: KeyChoice, volume: VolumeName): Promise<string> {
    const input = {
      KeyId: key.arn,
      GranteePrincipal: mqPrincipal,
      RetiringPrincipal: this.#principalOf(volume),
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextSubset: volumeContext(volume) },
    };
    return (await this.#asService<GrantReply>(key, 'CreateGrant', input, this.#uuid())).GrantId;
  }

  /**
   * Finds the grant of a volume that an interrupted step made.
   *
   * @param taken grants that a broker has recorded; a restored broker has a volume of the same name
   */
  async findVolumeGrant(
    key: KeyChoice,
    volume: VolumeName,
    taken: ReadonlySet<string> = new Set(),
  ): Promise<string | undefined> {
    const all = await this.#grants(key, this.#principalOf(volume));
    const grants = all.filter(({ GrantId }) => !taken.has(GrantId));
    const [[name, id] = []] = Object.entries(volumeContext(volume));
    return grants.find(
      ({ Constraints }) => Constraints?.EncryptionContextSubset?.[name ?? ''] === id,
    )?.GrantId;
  }

  /** Generates a data key for a volume and returns it wrapped. */
  async newDataKey(key: KeyChoice, volume: VolumeName): Promise<Buffer> {
    const input = {
      KeyId: key.arn,
      NumberOfBytes: 32,
      EncryptionContext: volumeContext(volume),
    };
    const reply = await this.#asService<{ CiphertextBlob: Buffer }>(
      key,
      'GenerateDataKeyWithoutPlaintext',
      input,
    );
    return reply.CiphertextBlob;
  }

  /**
   * Decrypts the data key of a volume. Returns 32 bytes, which the caller overwrites after use.
   *
   * @throws {KeyLost | ForeignDataKey}
   */
  async openDataKey(key: KeyChoice, volume: VolumeName, wrapped: Buffer): Promise<Buffer> {
    const input = {
      KeyId: key.arn,
      CiphertextBlob: wrapped,
      EncryptionContext: volumeContext(volume),
    };
    const reply = await this.#asService<{ Plaintext: Buffer }>(key, 'Decrypt', input).catch(
      (error: unknown) => {
        throw foreignOr(error, volume.id);
      },
    );
    return reply.Plaintext;
  }

  /**
   * Wraps the data key of a volume under another key. Its plaintext does not leave the key service.
   *
   * @throws {KeyLost | ForeignDataKey}
   */
  async rewrapDataKey(
    { from, to }: { readonly from: KeyChoice; readonly to: KeyChoice },
    volume: VolumeName,
    wrapped: Buffer,
  ): Promise<Buffer> {
    const input = {
      SourceKeyId: from.arn,
      CiphertextBlob: wrapped,
      SourceEncryptionContext: volumeContext(volume),
      DestinationKeyId: to.arn,
      DestinationEncryptionContext: volumeContext(volume),
    };
    const reply = await this.#asService<{ CiphertextBlob: Buffer }>(to, 'ReEncrypt', input).catch(
      (error: unknown) => {
        throw foreignOr(error, volume.id);
      },
    );
    return reply.CiphertextBlob;
  }

  /**
   * Decrypts a data key of a volume from a backup, with the permissions of the requester. Nobody but
   * the service may use a key of the service.
   *
   * @returns 32 bytes, which the caller overwrites after use
   * @throws {KeyLost | ForeignDataKey}
   */
  async openDataKeyFor(
    key: KeyChoice,
    volume: VolumeName,
    wrapped: Buffer,
    requester: Requester,
  ): Promise<Buffer> {
    if (key.owner === 'service') return this.openDataKey(key, volume, wrapped);
    const input = {
      KeyId: key.arn,
      CiphertextBlob: wrapped,
      EncryptionContext: volumeContext(volume),
    };
    const reply = await this.#for<{ Plaintext: Buffer }>('Decrypt', input, volume, requester);
    return reply.Plaintext;
  }

  /**
   * Wraps a data key of a volume from a backup under another key, with the permissions of the
   * requester.
   *
   * @throws {KeyLost | ForeignDataKey}
   */
  async rewrapDataKeyFor(
    way: { readonly from: KeyChoice; readonly to: KeyChoice },
    volume: VolumeName,
    wrapped: Buffer,
    requester: Requester,
  ): Promise<Buffer> {
    // The service has a grant on the other key.
    if (way.from.owner === 'service') return this.rewrapDataKey(way, volume, wrapped);
    const input = {
      SourceKeyId: way.from.arn,
      CiphertextBlob: wrapped,
      SourceEncryptionContext: volumeContext(volume),
      DestinationKeyId: way.to.arn,
      DestinationEncryptionContext: volumeContext(volume),
    };
    const reply = await this.#for<{ CiphertextBlob: Buffer }>(
      'ReEncrypt',
      input,
      volume,
      requester,
    );
    return reply.CiphertextBlob;
  }

  /** @throws {KeyLost | ForeignDataKey} */
  async #for<Reply>(
    operation: string,
    input: object,
    volume: VolumeName,
    { caller, sourceIp, userAgent }: Requester,
  ): Promise<Reply> {
    const origin = { sourceIp, userAgent };
    const as = { service: mqPrincipal, onBehalfOf: caller, origin };
    try {
      return await this.#kms<Reply>(operation, input, as);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      throw foreignOr(new KeyLost(error.message, { cause: error }), volume.id);
    }
  }

  /**
   * Checks that the data key of a volume could be decrypted, without decrypting it.
   *
   * @throws {KeyLost | ForeignDataKey} if it could not
   */
  async tryDataKey(key: KeyChoice, volume: VolumeName, wrapped: Buffer): Promise<void> {
    const input = {
      KeyId: key.arn,
      CiphertextBlob: wrapped,
      EncryptionContext: volumeContext(volume),
      DryRun: true,
    };
    await this.#asService(key, 'Decrypt', input).catch((error: unknown) => {
      const cause = error instanceof KeyLost ? error.cause : undefined;
      if (!(cause instanceof WaxwingError && cause.code === 'DryRunOperationException'))
        throw foreignOr(error, volume.id);
    });
  }

  /**
   * Checks that the key is enabled and the broker's own grants exist. A grant that was created
   * manually does not replace a revoked one.
   *
   * @throws {KeyLost}
   */
  async check({ key, grants, volumes }: KeyedBroker): Promise<void> {
    const input = { KeyId: key.arn };
    const reply = await this.#asService<KeyReply>(key, 'DescribeKey', input);
    const { KeyState: state } = reply.KeyMetadata;
    if (state !== 'Enabled') {
      throw new KeyLost(`The KMS key ${key.arn} is in state ${state}, it must be Enabled.`);
    }
    const principals = new Set([
      mqPrincipal,
      ...volumes.map((volume) => this.#principalOf(volume)),
    ]);
    const held = new Set<string>();
    for (const principal of principals) {
      for (const { GrantId } of await this.#grants(key, principal)) held.add(GrantId);
    }
    const wanted = [...grants.map(({ id }) => id), ...volumes.map(({ grantId }) => grantId)];
    for (const id of wanted) {
      if (id === null || held.has(id)) continue;
      throw new KeyLost(
        `The grant ${id} on the KMS key ${key.arn} is gone, which cannot be undone.`,
      );
    }
  }

  /** Retires the grant of a volume, if there is one. */
  async retireVolumeGrant(key: KeyChoice, volume: VolumeRecord): Promise<void> {
    if (volume.grantId !== null) {
      await this.#retire(key, volume.grantId, this.#principalOf(volume));
    }
  }

  /** Retires a grant that brokers with the same key share. */
  async retireServiceGrant(key: KeyChoice, grantId: string): Promise<void> {
    await this.#retire(key, grantId, mqPrincipal);
  }

  async #retire(key: KeyChoice, grant: string, principal: string): Promise<void> {
    const input = { KeyId: key.arn, GrantId: grant };
    try {
      await this.#kms('RetireGrant', input, { ...ownAccount(key), service: principal });
    } catch (error) {
      // The grant or its key no longer exists, which is the desired result.
      if (!isRefusal(error)) throw error;
    }
  }

  /** The grants that a principal may retire. Listing them requires no permission on their keys. */
  async #grants(key: KeyChoice, retiring: string): Promise<Grant[]> {
    const as = { ...ownAccount(key), service: retiring };
    const grants: Grant[] = [];
    let marker: string | undefined;
    do {
      const input = {
        RetiringPrincipal: retiring,
        Limit: 100,
        ...(marker !== undefined && { Marker: marker }),
      };
      const page: GrantPage = await this.#kms('ListRetirableGrants', input, as);
      grants.push(...(page.Grants ?? []).filter(({ KeyId }) => KeyId === key.arn));
      marker = page.NextMarker;
    } while (marker !== undefined);
    return grants;
  }

  /** @throws {KeyLost} if the key service refuses and a retry would not help */
  async #asService<Reply>(
    key: KeyChoice,
    operation: string,
    input: object,
    sharedEventId?: string,
  ): Promise<Reply> {
    const as = { ...ownAccount(key), ...(sharedEventId !== undefined && { sharedEventId }) };
    try {
      return await this.#kms<Reply>(operation, input, as);
    } catch (error) {
      if (isRefusal(error)) throw new KeyLost(error.message, { cause: error });
      throw error;
    }
  }

  #kms<Reply>(operation: string, input: object, as: CallIdentity): Promise<Reply> {
    return this.#client.call<Reply>('kms', operation, input, as);
  }

  #principalOf({ storageType }: VolumeName): string {
    return volumePrincipal(storageType, this.#region);
  }
}

interface KeyReply {
  readonly KeyMetadata: KeyMetadata;
}

interface GrantReply {
  readonly GrantId: string;
}

interface GrantPage {
  readonly Grants?: readonly Grant[];
  readonly NextMarker?: string;
}

interface Grant {
  readonly KeyId: string;
  readonly GrantId: string;
  readonly Constraints?: { readonly EncryptionContextSubset?: Readonly<Record<string, string>> };
}

/** The service's own identity, in the account that owns the key. */
function ownAccount(key: KeyChoice): CallIdentity {
  const accountId = key.arn.split(':')[4];
  return { service: mqPrincipal, ...(accountId !== undefined && { accountId }) };
}

/** Maps the error for a data key that did not open: the ciphertext may be wrong, not the key. */
function foreignOr(error: unknown, volumeId: string): unknown {
  const cause = error instanceof KeyLost ? error.cause : undefined;
  const isForeign = cause instanceof WaxwingError && foreignCodes.includes(cause.code);
  return isForeign ? new ForeignDataKey(volumeId, { cause }) : error;
}

/** Whether the key service refused and a retry would be refused too. */
function isRefusal(error: unknown): error is WaxwingError {
  return error instanceof WaxwingError && 'status' in error && Number(error.status) < 500;
}
