// Finding the keys of brokers.

import type { CallIdentity, LocalClient } from '../../aws/local-client.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { KeyChoice } from '../broker-record.ts';
import { refuse } from '../rules.ts';
import { KeyServiceUnreachable, type RemoteKeys } from './remote-keys.ts';

/** The service principal of Amazon MQ. */
export const mqPrincipal = 'mq.amazonaws.com';

/** The account of service-owned keys. */
const serviceAccountId = '000000000000';

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

/** The key that a request selects, by name or by owner. */
export type AskedKey = { readonly named: string } | 'service' | 'managed';

/** A key, and where it is. */
interface FoundKey {
  readonly metadata: KeyMetadata;
  readonly isRemote: boolean;
}

/** The answer of DescribeKey. */
export interface KeyReply {
  readonly KeyMetadata: KeyMetadata;
}

/** Finds the keys that requests for brokers select. */
export class KeyFinder {
  readonly #client: LocalClient;
  readonly #remote: RemoteKeys;
  readonly #region: string;
  #ownKey: Promise<string> | undefined = undefined;

  constructor(client: LocalClient, remote: RemoteKeys, region: string) {
    this.#client = client;
    this.#remote = remote;
    this.#region = region;
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
    return this.ownKey();
  }

  /** Returns the service-owned key, which is created when it is first needed. */
  async ownKey(): Promise<KeyChoice> {
    this.#ownKey ??= this.#findOwnKey().catch((error: unknown) => {
      this.#ownKey = undefined;
      throw error;
    });
    return { owner: 'service', arn: await this.#ownKey };
  }

  /** Finds the service-owned key, which no account sees. */
  async #findOwnKey(): Promise<string> {
    const as = { service: mqPrincipal, accountId: serviceAccountId };
    const { Keys } = await this.#client.call<{ Keys?: readonly { KeyArn: string }[] }>(
      'kms',
      'ListKeys',
      {},
      as,
    );
    const [known] = Keys ?? [];
    if (known !== undefined) return known.KeyArn;
    const input = { Description: 'Protects brokers without a customer managed key' };
    const { KeyMetadata: made } = await this.#client.call<KeyReply>('kms', 'CreateKey', input, as);
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
    const { metadata, isRemote } = await this.#find(named, requester);
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
    if (isRemote) return { owner: 'remote', arn };
    return { owner: metadata.KeyManager === 'AWS' ? 'managed' : 'customer', arn };
  }

  async #find(named: string, requester: Requester): Promise<FoundKey> {
    const { accountId } = requester.caller;
    const isOwn = !named.startsWith('arn:') || named.includes(`:${this.#region}:${accountId}:`);
    const isRemote = this.#remote.hasKey(named);
    try {
      if (isRemote && !isOwn) return await this.#describe(named, requester, true);
      return await this.#describe(named, requester, false).catch(async (error: unknown) => {
        // An account of AWS can have the same number as that of this installation.
        const isUnknown = error instanceof WaxwingError && error.code === 'NotFoundException';
        if (isRemote && isUnknown) return await this.#describe(named, requester, true);
        throw error;
      });
    } catch (error) {
      if (!isRefusal(error) && !(error instanceof KeyServiceUnreachable)) throw error;
      throw refuse('kmsKeyId', `KMS key [${named}] cannot be used: ${error.message}`);
    }
  }

  async #describe(named: string, requester: Requester, isRemote: boolean): Promise<FoundKey> {
    const as = { service: mqPrincipal, onBehalfOf: requester.caller };
    const input = { KeyId: named };
    const { KeyMetadata: metadata } = isRemote
      ? await this.#remote.call<KeyReply>('DescribeKey', input, as)
      : await this.#client.call<KeyReply>('kms', 'DescribeKey', input, as);
    return { metadata, isRemote };
  }
}

/** Whether the key service refused and a retry would be refused too. */
export function isRefusal(error: unknown): error is WaxwingError {
  return error instanceof WaxwingError && 'status' in error && Number(error.status) < 500;
}
