// Aliases of keys.

import type { Authoriser } from './access/authoriser.ts';
import type { KmsCall } from './call.ts';
import { KmsError } from './errors.ts';
import type { KeyFinder } from './key-finder.ts';
import { aliasArn } from './key-ids.ts';
import { requireState } from './key-states.ts';
import { managedServices } from './keys.ts';
import type { KmsJournal } from './kms-journal.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import type { AliasRecord, KeyRecord } from './records.ts';
import { type Result, unchanged } from './result.ts';

const aliasesPerKeyMax = 50;

/** An alias in a list. Aliases of AWS services have no key before their first use. */
export type ListedAlias = Pick<AliasRecord, 'name' | 'arn'> & Partial<AliasRecord>;

interface Parts {
  readonly journal: KmsJournal;
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
}

/**
 * The aliases of keys, unique within an account and region. @see AWS KMS developer guide, "Aliases"
 */
export class Aliases {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws {KmsError} 'AlreadyExistsException', 'InvalidAliasNameException', 'NotAuthorizedException', 'LimitExceededException' */
  create(call: KmsCall, name: string, target: string): Result<undefined> {
    const { journal, finder, authoriser } = this.#parts;
    requireAliasName(name);
    requireKeyTarget(target);
    const key = finder.findById(call, target);
    authoriser.authorise(call, { action: 'CreateAlias', key });
    requireState('CreateAlias', key);
    const arn = aliasArn(call.region, call.accountId, name);
    if (journal.alias(call.accountId, name)) {
      throw new KmsError('AlreadyExistsException', `An alias with the name ${arn} already exists`);
    }
    this.#requireRoom(key);
    const alias: AliasRecord = {
      name,
      arn,
      accountId: call.accountId,
      keyId: key.id,
      createdMs: call.nowMs,
      updatedMs: call.nowMs,
    };
    return { output: undefined, changes: [{ put: 'alias', alias }], keys: [key] };
  }

  /** Points an alias to another key with the same type and usage. */
  update(call: KmsCall, name: string, target: string): Result<undefined> {
    const { finder, authoriser } = this.#parts;
    requireAliasName(name);
    requireKeyTarget(target);
    const alias = finder.alias(call, name);
    const key = finder.findById(call, target);
    const before = finder.findById(call, alias.keyId);
    for (const each of [before, key])
      authoriser.authorise(call, { action: 'UpdateAlias', key: each });
    requireState('UpdateAlias', key);
    if (kindOf(before) !== kindOf(key) || before.usage !== key.usage) {
      throw new KmsError(
        'ValidationException',
        `An alias of a key of KeySpec ${before.spec} and KeyUsage ${before.usage} cannot be moved to a key of KeySpec ${key.spec} and KeyUsage ${key.usage}`,
      );
    }
    if (before.id !== key.id) this.#requireRoom(key);
    const moved = { ...alias, keyId: key.id, updatedMs: call.nowMs };
    const keys = before.id === key.id ? [key] : [key, before];
    return { output: undefined, changes: [{ put: 'alias', alias: moved }], keys };
  }

  /** @throws {KmsError} 'NotFoundException', 'NotAuthorizedException' */
  delete(call: KmsCall, name: string): Result<undefined> {
    const { finder, authoriser } = this.#parts;
    requireAliasName(name);
    const alias = finder.alias(call, name);
    const key = finder.findById(call, alias.keyId);
    authoriser.authorise(call, { action: 'DeleteAlias', key });
    requireState('DeleteAlias', key);
    const changes = [{ delete: 'alias', accountId: call.accountId, name } as const];
    return { output: undefined, changes, keys: [key] };
  }

  /** Lists the aliases of the account, or of one key. */
  list(
    call: KmsCall,
    keyName: string | undefined,
    request: PageRequest,
  ): Result<Page<ListedAlias>> {
    const { journal, finder } = this.#parts;
    const key = keyName === undefined ? undefined : finder.findById(call, keyName);
    const own = [...journal.aliases()].filter(({ accountId, keyId }) => {
      return accountId === call.accountId && (key === undefined || keyId === key.id);
    });
    const unused = key ? [] : managedServices.map((service) => `alias/aws/${service}`);
    const listed: readonly ListedAlias[] = [
      ...own,
      ...unused
        .filter((name) => journal.alias(call.accountId, name) === undefined)
        .map((name) => ({ name, arn: aliasArn(call.region, call.accountId, name) })),
    ];
    const orderOf = ({ name }: ListedAlias) => name;
    const list = `aliases of ${key?.id ?? 'all keys'}`;
    const page = pageOf(listed, { list, orderOf, limitDefault: 50, limitMax: 100 }, request);
    return key ? unchanged(page, key) : unchanged(page);
  }

  #requireRoom(key: KeyRecord): void {
    if (this.#parts.journal.aliasCountOf(key.id) < aliasesPerKeyMax) return;
    throw new KmsError(
      'LimitExceededException',
      `${key.arn} has ${aliasesPerKeyMax} aliases, the maximum allowed`,
    );
  }
}

function requireAliasName(name: string): void {
  if (!name.startsWith('alias/')) throw new KmsError('ValidationException', 'Invalid identifier');
  if (name.startsWith('alias/aws/')) {
    throw new KmsError('NotAuthorizedException', 'Aliases that begin with alias/aws/ are reserved');
  }
  if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name)) {
    throw new KmsError(
      'InvalidAliasNameException',
      `${name} contains invalid characters for an alias`,
    );
  }
}

/** The target of an alias must be a key id or key ARN, never another alias. */
function requireKeyTarget(target: string): void {
  if (!/^(arn:[^/]*:)?alias\//.test(target)) return;
  throw new KmsError(
    'ValidationException',
    `The target of an alias must be a key id or a key ARN, not the alias ${target}`,
  );
}

/**
 * The type of a key: symmetric, asymmetric or HMAC. An alias cannot change to a key of another
 * type.
 */
function kindOf(key: KeyRecord): string {
  if (key.spec.startsWith('HMAC')) return 'HMAC';
  return key.spec === 'SYMMETRIC_DEFAULT' ? 'symmetric' : 'asymmetric';
}
