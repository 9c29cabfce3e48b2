// The calls of the control plane to keys in a KMS outside of the service.

import type { CallIdentity, LocalClient } from '../../aws/local-client.ts';
import { WaxwingError } from '../../base/errors.ts';

/**
 * The key service could not be asked, which says nothing about the key. The call can be repeated.
 */
export class KeyServiceUnreachable extends WaxwingError<'kms-unreachable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('kms-unreachable', message, options);
  }
}

/** Maximum number of grants on a key that are read, as in KMS. */
const grantCountMax = 50_000;

/** A grant on a key outside. */
export interface RemoteGrant {
  readonly GrantId: string;
  readonly Constraints?: { readonly EncryptionContextSubset?: Readonly<Record<string, string>> };
}

/** A KMS outside of the service, as far as the control plane needs it. */
export interface RemoteKeyService {
  /** The principal that this service is there. */
  readonly principal: string;
  /** Whether a text is the ARN of a key that it may have. */
  hasKey(named: string): boolean;
  /**
   * Runs a call when it is its turn.
   *
   * @throws an error with the code `kms-unreachable` without running it
   */
  admitted<T>(run: () => Promise<T>): Promise<T>;
}

/** Calls the KMS outside through the pipeline, which authorises and records each call. */
export class RemoteKeys {
  readonly #client: LocalClient;
  readonly #service: RemoteKeyService | undefined;

  /** @param service undefined if none is configured */
  constructor(client: LocalClient, service: RemoteKeyService | undefined) {
    this.#client = client;
    this.#service = service;
  }

  /** Whether a text is the ARN of a key that the KMS outside may have. */
  hasKey(named: string): boolean {
    return this.#service?.hasKey(named) ?? false;
  }

  /**
   * The grantee of grants on keys outside.
   *
   * @throws {KeyServiceUnreachable} if no KMS outside is configured any more
   */
  get principal(): string {
    return this.#configured().principal;
  }

  /**
   * Makes one call.
   *
   * @throws {KeyServiceUnreachable} if nothing was decided
   * @throws {WaxwingError} with the AWS error code, if the call was refused
   */
  async call<Reply>(operation: string, input: object, as: CallIdentity): Promise<Reply> {
    try {
      return await this.#configured().admitted(() =>
        this.#client.call<Reply>('remote-kms', operation, input, as),
      );
    } catch (error) {
      if (error instanceof KeyServiceUnreachable || !(error instanceof WaxwingError)) throw error;
      const isUndecided =
        error.code === 'kms-unreachable' || ('status' in error && error.status === 503);
      throw isUndecided ? new KeyServiceUnreachable(error.message, { cause: error }) : error;
    }
  }

  /** The grants on a key that let this service use it. */
  async grants(keyArn: string): Promise<readonly RemoteGrant[]> {
    const grants: RemoteGrant[] = [];
    let marker: string | undefined;
    do {
      const page: { readonly Grants: readonly RemoteGrant[]; readonly NextMarker?: string } =
        await this.call(
          'ListGrants',
          {
            KeyId: keyArn,
            GranteePrincipal: this.principal,
            ...(marker !== undefined && { Marker: marker }),
          },
          { service: 'mq.amazonaws.com' },
        );
      grants.push(...page.Grants);
      marker = page.NextMarker;
    } while (marker !== undefined && grants.length < grantCountMax);
    return grants;
  }

  #configured(): RemoteKeyService {
    if (this.#service !== undefined) return this.#service;
    throw new KeyServiceUnreachable(
      'the key is in a KMS outside of this service, and none is configured: set --remote-kms-region',
    );
  }
}
