// The use of KMS keys by brokers: grants, data keys, and checks.

import type { CallIdentity, LocalClient } from '../aws/local-client.ts';
import { WaxwingError } from '../base/errors.ts';
import type { BrokerRecord, KeyChoice, VolumeRecord } from './broker-record.ts';
import {
  type AskedKey,
  isRefusal,
  KeyFinder,
  type KeyReply,
  mqPrincipal,
  type Requester,
} from './keys/key-finder.ts';
import { KeyServiceUnreachable, type RemoteKeyService, RemoteKeys } from './keys/remote-keys.ts';
import type { GrantOffer } from './offers/offer.ts';
import { type VolumeName, volumeContext, volumePrincipal } from './offers/storage-types.ts';
import { refuse } from './rules.ts';

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

/** The parts of a broker that its key concerns. */
export type KeyedBroker = Pick<BrokerRecord, 'key' | 'grants' | 'volumes'>;

/**
 * Everything that the service does with the keys of brokers: it creates grants, creates and
 * decrypts the data keys of volumes, and checks that keys and grants still exist.
 */
export class BrokerKeys {
  readonly #client: LocalClient;
  readonly #region: string;
  readonly #uuid: () => string;
  readonly #remote: RemoteKeys;
  readonly #finder: KeyFinder;

  /** @param remote a KMS outside of the service; undefined if none is configured */
  constructor(client: LocalClient, region: string, uuid: () => string, remote?: RemoteKeyService) {
    this.#client = client;
    this.#region = region;
    this.#uuid = uuid;
    this.#remote = new RemoteKeys(client, remote);
    this.#finder = new KeyFinder(client, this.#remote, region);
  }

  /**
   * Returns the key for a broker.
   *
   * @throws {ControlError} 'bad-request'
   * @see KeyFinder.key
   */
  key(asked: AskedKey, requester: Requester): Promise<KeyChoice> {
    return this.#finder.key(asked, requester);
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
    const { caller, sourceIp, userAgent } = requester;
    const principal = key.owner === 'remote' ? this.#remote.principal : mqPrincipal;
    const input = {
      KeyId: key.arn,
      GranteePrincipal: principal,
      RetiringPrincipal: principal,
      Operations: grant.operations,
      // Other installations that use a remote key have grants of their own.
      Name: key.owner === 'remote' ? `waxwing/${caller.accountId}/${grant.name}` : grant.name,
    };
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
      return (await this.#call<GrantReply>(key, 'CreateGrant', input, as)).GrantId;
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof KeyServiceUnreachable)) throw error;
      throw refuse('kmsKeyId', `KMS key [${key.arn}] does not allow the grant: ${error.message}`);
    }
  }

  /** Creates the grant for decrypting the data key of a volume, and returns its id. */
  async grantVolume(key: KeyChoice, volume: VolumeName): Promise<string> {
    const isRemote = key.owner === 'remote';
    const input = {
      KeyId: key.arn,
      GranteePrincipal: isRemote ? this.#remote.principal : mqPrincipal,
      RetiringPrincipal: isRemote ? this.#remote.principal : this.#principalOf(volume),
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
    const all =
      key.owner === 'remote'
        ? await this.#remote.grants(key.arn)
        : await this.#grants(key, this.#principalOf(volume));
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
   * Requires that a data key from a backup can be wrapped under another key with the permissions of
   * the requester. No key service can do it with a key of another one.
   *
   * @throws {ControlError} 'bad-request'
   */
  requireRestorable(from: KeyChoice, to: KeyChoice): void {
    if (from.arn === to.arn) return;
    const remote = [from, to].find(({ owner }) => owner === 'remote');
    if (remote === undefined) return;
    throw refuse(
      'kmsKeyId',
      `KMS key [${remote.arn}] is in a KMS outside of the service. ` +
        'Backups cannot be restored from it or to it under another key.',
    );
  }

  /**
   * Wraps the data key of a volume under another key. Its plaintext does not leave the key service,
   * unless one of the keys is in a KMS outside.
   *
   * @throws {KeyLost | ForeignDataKey}
   */
  async rewrapDataKey(
    { from, to }: { readonly from: KeyChoice; readonly to: KeyChoice },
    volume: VolumeName,
    wrapped: Buffer,
  ): Promise<Buffer> {
    if (from.owner === 'remote' || to.owner === 'remote') {
      const dataKey = await this.openDataKey(from, volume, wrapped);
      try {
        return await this.#wrapDataKey(to, volume, dataKey);
      } finally {
        dataKey.fill(0);
      }
    }
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
   * Wraps a plaintext data key of a volume. The grants of Amazon MQ do not include Encrypt, so that it
   * is wrapped under the key of the service first, and then under the customer's by ReEncrypt.
   *
   * @throws {KeyLost}
   */
  async #wrapDataKey(to: KeyChoice, volume: VolumeName, dataKey: Buffer): Promise<Buffer> {
    const under = to.owner === 'remote' ? to : await this.#finder.ownKey();
    const input = {
      KeyId: under.arn,
      Plaintext: dataKey,
      EncryptionContext: volumeContext(volume),
    };
    const reply = await this.#asService<{ CiphertextBlob: Buffer }>(under, 'Encrypt', input);
    if (under.arn === to.arn) return reply.CiphertextBlob;
    return this.rewrapDataKey({ from: under, to }, volume, reply.CiphertextBlob);
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
    const reply = await this.#for<{ Plaintext: Buffer }>(key, 'Decrypt', input, volume, requester);
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
    // It is the same key then, see {@link requireRestorable}.
    if (way.from.owner === 'remote') return wrapped;
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
      way.to,
      'ReEncrypt',
      input,
      volume,
      requester,
    );
    return reply.CiphertextBlob;
  }

  /** @throws {KeyLost | ForeignDataKey} */
  async #for<Reply>(
    key: KeyChoice,
    operation: string,
    input: object,
    volume: VolumeName,
    { caller, sourceIp, userAgent }: Requester,
  ): Promise<Reply> {
    const origin = { sourceIp, userAgent };
    const as = { service: mqPrincipal, onBehalfOf: caller, origin };
    try {
      return await this.#call<Reply>(key, operation, input, as);
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
    const wanted = [...grants.map(({ id }) => id), ...volumes.map(({ grantId }) => grantId)];
    const held = await this.#heldGrants(key, volumes, wanted);
    for (const id of wanted) {
      if (id === null || held.has(id)) continue;
      throw new KeyLost(
        `The grant ${id} on the KMS key ${key.arn} is gone, which cannot be undone.`,
      );
    }
  }

  /** The ids of the grants on a key that exist, at least those of the wanted ones. */
  async #heldGrants(
    key: KeyChoice,
    volumes: readonly VolumeName[],
    wanted: readonly (string | null)[],
  ): Promise<Set<string>> {
    const held = new Set<string>();
    if (key.owner === 'remote') {
      for (const id of new Set(wanted)) {
        if (id === null) continue;
        const input = { KeyId: key.arn, GrantId: id };
        const { Grants = [] } = await this.#asService<GrantPage>(key, 'ListGrants', input);
        if (Grants.some(({ GrantId }) => GrantId === id)) held.add(id);
      }
      return held;
    }
    const principals = new Set([
      mqPrincipal,
      ...volumes.map((volume) => this.#principalOf(volume)),
    ]);
    for (const principal of principals) {
      for (const { GrantId } of await this.#grants(key, principal)) held.add(GrantId);
    }
    return held;
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
      await this.#call(key, 'RetireGrant', input, { ...ownAccount(key), service: principal });
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
      return await this.#call<Reply>(key, operation, input, as);
    } catch (error) {
      if (isRefusal(error)) throw new KeyLost(error.message, { cause: error });
      throw error;
    }
  }

  #call<Reply>(
    { owner }: KeyChoice,
    operation: string,
    input: object,
    as: CallIdentity,
  ): Promise<Reply> {
    if (owner === 'remote') return this.#remote.call<Reply>(operation, input, as);
    return this.#kms<Reply>(operation, input, as);
  }

  #kms<Reply>(operation: string, input: object, as: CallIdentity): Promise<Reply> {
    return this.#client.call<Reply>('kms', operation, input, as);
  }

  #principalOf({ storageType }: VolumeName): string {
    return volumePrincipal(storageType, this.#region);
  }
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
  // Calls to a KMS outside are recorded in the trail of this account.
  const accountId = key.owner === 'remote' ? undefined : key.arn.split(':')[4];
  return { service: mqPrincipal, ...(accountId !== undefined && { accountId }) };
}

/** Maps the error for a data key that did not open: the ciphertext may be wrong, not the key. */
function foreignOr(error: unknown, volumeId: string): unknown {
  const cause = error instanceof KeyLost ? error.cause : undefined;
  const isForeign = cause instanceof WaxwingError && foreignCodes.includes(cause.code);
  return isForeign ? new ForeignDataKey(volumeId, { cause }) : error;
}
