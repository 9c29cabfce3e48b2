import type { CallIdentity, LocalClient } from '../aws/local-client.ts';
import { WaxwingError } from '../base/errors.ts';
import type { BrokerRecord, KeyChoice, VolumeRecord } from './broker-record.ts';
import type { GrantOffer } from './offers/offer.ts';
import { type VolumeName, volumeContext, volumePrincipal } from './offers/storage-types.ts';
import { refuse } from './rules.ts';

/** The service's own principal, as which it calls the key service. */
const mqPrincipal = 'mq.amazonaws.com';

/** The account that the service's own keys live in. */
const serviceAccountId = '000000000000';

/** A broker's key, or a grant on it, cannot be used; the message says which and why. */
export class KeyLost extends WaxwingError<'key-lost'> {
  constructor(message: string, options?: ErrorOptions) {
    super('key-lost', message, options);
  }
}

/** The wrapped data key beside a volume was not made for that volume. */
export class ForeignDataKey extends WaxwingError<'volume-damaged'> {
  constructor(volumeId: string, options: ErrorOptions) {
    const what = `the wrapped data key beside volume ${volumeId} is not the one that was made for it`;
    super('volume-damaged', `${what}: its header was changed, or is another volume's`, options);
  }
}

/** Codes by which the key service says so. */
const foreignCodes = ['InvalidCiphertextException', 'IncorrectKeyException'];

/** Who asks for something about a broker, and from where. */
export interface Requester {
  readonly caller: NonNullable<CallIdentity['onBehalfOf']>;
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** The members of a key's metadata that control decides by. */
interface KeyMetadata {
  readonly Arn: string;
  readonly KeyState: string;
  readonly KeySpec: string;
  readonly KeyUsage: string;
  readonly KeyManager: 'CUSTOMER' | 'AWS';
}

/** The key that a request asks for: by its name, or by its owner. */
export type AskedKey = { readonly named: string } | 'service' | 'managed';

/**
 * Everything that the service does with the keys of brokers: the grants that Amazon MQ makes, the data
 * keys of the brokers' volumes, and the checks that they are still there.
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
   * The key for a broker: the one that is asked for, or the service's own or the account's managed
   * key, which are made when they are first needed.
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

  /** The key that the service owns; no account sees it. */
  async #findOwnKey(): Promise<string> {
    const as = { service: mqPrincipal, accountId: serviceAccountId };
    const { Keys } = await this.#kms<{ Keys?: readonly { KeyArn: string }[] }>('ListKeys', {}, as);
    const [known] = Keys ?? [];
    if (known !== undefined) return known.KeyArn;
    const input = { Description: 'Protects brokers that name no key of their own' };
    const { KeyMetadata: made } = await this.#kms<KeyReply>('CreateKey', input, as);
    return made.Arn;
  }

  /**
   * The key that a customer names for a broker: it must be there for the requester to see, enabled
   * and symmetric.
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
   * Makes a grant by which the service may use a key, with the requester's own right to grant.
   * Brokers of one key and one kind share it.
   *
   * @returns the grant's id
   * @throws {ControlError} 'bad-request' where the requester may not, or the key cannot be granted
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
      throw refuse('kmsKeyId', `KMS key [${key.arn}] cannot be granted: ${error.message}`);
    }
  }

  /** Makes the grant under which a volume's data key can be opened; its id. */
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

  /** The volume's grant that an interrupted creation made, if it got so far. */
  async findVolumeGrant(key: KeyChoice, volume: VolumeName): Promise<string | undefined> {
    const grants = await this.#grants(key, this.#principalOf(volume));
    const [[name, id] = []] = Object.entries(volumeContext(volume));
    return grants.find(
      ({ Constraints }) => Constraints?.EncryptionContextSubset?.[name ?? ''] === id,
    )?.GrantId;
  }

  /** A new data key for a volume, wrapped. */
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
   * The data key of a volume, 32 bytes, the caller's to overwrite.
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
   * Asks whether a volume's data key could be opened, without opening it.
   *
   * @throws {KeyLost | ForeignDataKey} where not
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
   * Asks whether the key is enabled and the broker's own grants are there. A grant made by hand in
   * the place of a revoked one is not taken for it.
   *
   * @throws {KeyLost} where not
   */
  async check({ key, grants, volumes }: BrokerRecord): Promise<void> {
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

  /** Gives up the grant of a volume, where it has one. */
  async retireVolumeGrant(key: KeyChoice, volume: VolumeRecord): Promise<void> {
    if (volume.grantId !== null) {
      await this.#retire(key, volume.grantId, this.#principalOf(volume));
    }
  }

  /** Gives up a grant that brokers of one key share. */
  async retireServiceGrant(key: KeyChoice, grantId: string): Promise<void> {
    await this.#retire(key, grantId, mqPrincipal);
  }

  async #retire(key: KeyChoice, grant: string, principal: string): Promise<void> {
    const input = { KeyId: key.arn, GrantId: grant };
    try {
      await this.#kms('RetireGrant', input, { ...ownAccount(key), service: principal });
    } catch (error) {
      // The grant, or the key with all its grants, is gone already, as was wanted.
      if (!isRefusal(error)) throw error;
    }
  }

  /** The grants that a principal may retire; it may list them without any right on their keys. */
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

  /** @throws {KeyLost} where the key service refuses, and asking again would not help */
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

/** The service for itself; a key of its own lives in an account of its own. */
function ownAccount(key: KeyChoice): CallIdentity {
  const accountId = key.arn.split(':')[4];
  return { service: mqPrincipal, ...(accountId !== undefined && { accountId }) };
}

/** The error for a data key that did not open: the ciphertext may be at fault, and not the key. */
function foreignOr(error: unknown, volumeId: string): unknown {
  const cause = error instanceof KeyLost ? error.cause : undefined;
  const isForeign = cause instanceof WaxwingError && foreignCodes.includes(cause.code);
  return isForeign ? new ForeignDataKey(volumeId, { cause }) : error;
}

/** Whether the key service refused, and would refuse again. */
function isRefusal(error: unknown): error is WaxwingError {
  return error instanceof WaxwingError && 'status' in error && Number(error.status) < 500;
}
