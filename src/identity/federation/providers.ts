// The OIDC providers of the account.

import type { CallContext } from '../../calls/call-context.ts';
import { IamError, noSuchEntity, quotaExceeded } from '../accounts/errors.ts';
import type { IamJournal } from '../accounts/iam-journal.ts';
import { quotas } from '../accounts/quotas.ts';
import { changed, type IamResult } from '../accounts/result.ts';
import { newTags, type TagInput, withoutTags, withTags } from '../accounts/tags.ts';
import type { ProviderRecord } from './provider-record.ts';

/** The input of CreateOpenIDConnectProvider. */
export interface ProviderCreation {
  readonly Url: string;
  readonly ClientIDList?: readonly string[] | undefined;
  readonly ThumbprintList?: readonly string[] | undefined;
  readonly Tags?: readonly TagInput[] | undefined;
}

/** The OIDC providers of the account. */
export class OidcProviders {
  readonly #journal: IamJournal;
  readonly #accountId: () => string;

  constructor(journal: IamJournal, accountId: () => string) {
    this.#journal = journal;
    this.#accountId = accountId;
  }

  /** The ARN of the provider with a name. */
  arnOf(name: string): string {
    return `arn:aws:iam::${this.#accountId()}:oidc-provider/${name}`;
  }

  /** @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded', 'InvalidInput', 'ValidationError' */
  create(input: ProviderCreation, { nowMs }: CallContext): IamResult<ProviderRecord> {
    const { Url, ClientIDList = [], ThumbprintList = [], Tags } = input;
    const name = providerName(Url);
    if (this.#journal.provider(name)) {
      throw new IamError('EntityAlreadyExists', `Provider with url ${Url} already exists.`);
    }
    const max = quotas.providersPerAccount;
    if (this.#journal.providerCount >= max) {
      throw quotaExceeded('OpenIdConnectProvidersPerAccount', max);
    }
    const clientIds = [...new Set(ClientIDList)];
    checkClientCount(clientIds);
    const record: ProviderRecord = {
      name,
      clientIds,
      thumbprints: uniqueThumbprints(ThumbprintList),
      tags: newTags(Tags),
      createdMs: nowMs,
    };
    return { output: record, changes: [{ put: 'oidc-provider', record }] };
  }

  /** The provider with an ARN; undefined if there is none. */
  find(arn: string): ProviderRecord | undefined {
    const prefix = this.arnOf('');
    return arn.startsWith(prefix) ? this.#journal.provider(arn.slice(prefix.length)) : undefined;
  }

  /**
   * The provider that issues tokens with this issuer (claim `iss`); undefined if the account has none.
   */
  ofIssuer(issuer: string): ProviderRecord | undefined {
    const prefix = 'https://';
    if (!issuer.startsWith(prefix)) return undefined;
    return this.#journal.provider(issuer.slice(prefix.length));
  }

  /** @throws {IamError} 'NoSuchEntity' */
  require(arn: string): ProviderRecord {
    const found = this.find(arn);
    if (found) return found;
    throw noSuchEntity(`OpenIDConnect Provider not found for arn ${arn}`);
  }

  /** All providers. */
  all(): Iterable<ProviderRecord> {
    return this.#journal.providers();
  }

  /** Deletes a provider. Roles that name it can then no longer be assumed through it. */
  delete(arn: string): IamResult<undefined> {
    const found = this.find(arn);
    // AWS does not fail if the provider does not exist.
    return found ? changed({ delete: 'oidc-provider', id: found.name }) : changed();
  }

  /** @throws {IamError} 'NoSuchEntity', 'LimitExceeded' */
  addClient(arn: string, clientId: string): IamResult<undefined> {
    const record = this.require(arn);
    const clientIds = [...new Set([...record.clientIds, clientId])];
    checkClientCount(clientIds);
    return changed({ put: 'oidc-provider', record: { ...record, clientIds } });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  removeClient(arn: string, clientId: string): IamResult<undefined> {
    const record = this.require(arn);
    const clientIds = record.clientIds.filter((each) => each !== clientId);
    return changed({ put: 'oidc-provider', record: { ...record, clientIds } });
  }

  /** @throws {IamError} 'NoSuchEntity', 'ValidationError' */
  setThumbprints(arn: string, thumbprints: readonly string[]): IamResult<undefined> {
    const record = { ...this.require(arn), thumbprints: uniqueThumbprints(thumbprints) };
    return changed({ put: 'oidc-provider', record });
  }

  /** @throws {IamError} 'NoSuchEntity', 'InvalidInput', 'LimitExceeded' */
  tag(arn: string, tags: readonly TagInput[]): IamResult<undefined> {
    const record = this.require(arn);
    return changed({
      put: 'oidc-provider',
      record: { ...record, tags: withTags(record.tags, tags) },
    });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  untag(arn: string, keys: readonly string[]): IamResult<undefined> {
    const record = this.require(arn);
    return changed({
      put: 'oidc-provider',
      record: { ...record, tags: withoutTags(record.tags, keys) },
    });
  }
}

/**
 * The name of the provider with a URL.
 *
 * @throws {IamError} 'ValidationError' unless it is an https URL without user, query and fragment
 */
export function providerName(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isPlain =
    parsed?.protocol === 'https:' &&
    parsed.username === '' &&
    parsed.password === '' &&
    /^https:\/\/[a-z0-9.:[\]-]+(\/[\w~.:@!$&'()*+,;=%/-]*)?$/.test(url);
  if (isPlain) return url.slice('https://'.length);
  throw new IamError(
    'ValidationError',
    `Invalid Open ID Connect Provider URL '${url.slice(0, 128)}'; an https URL with a host in lower case and without a query is allowed.`,
  );
}

function checkClientCount(clientIds: readonly string[]): void {
  const max = quotas.clientsPerProvider;
  if (clientIds.length > max) throw quotaExceeded('ClientIdsPerOpenIdConnectProvider', max);
}

/** @throws {IamError} 'ValidationError' */
function uniqueThumbprints(given: readonly string[]): readonly string[] {
  const wrong = given.find((each) => !/^[0-9A-Fa-f]{40}$/.test(each));
  if (wrong === undefined) return [...new Set(given.map((each) => each.toLowerCase()))];
  throw new IamError(
    'ValidationError',
    `The thumbprint '${wrong.slice(0, 64)}' is not valid; 40 hexadecimal digits are allowed.`,
  );
}
