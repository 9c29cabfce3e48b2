// Grants on keys.

import type { Random } from '../../base/random.ts';
import { type PrincipalNames, shownPrincipal } from '../../identity/policies/principal-ids.ts';
import { type Authoriser, type GrantPrincipal, granteeOf } from '../access/authoriser.ts';
import { isServiceCall, type KmsCall } from '../call.ts';
import { KmsError } from '../errors.ts';
import type { KeyFinder } from '../key-finder.ts';
import { requireState } from '../key-states.ts';
import type { KmsJournal } from '../kms-journal.ts';
import { type Page, type PageRequest, type Paging, pageOf } from '../pages.ts';
import type { GrantRecord, KeyRecord } from '../records.ts';
import { type Result, unchanged } from '../result.ts';
import { isNoWider, sameConstraints } from './grant-constraints.ts';
import { awsResourceValue, type GrantRequest, grantOf, grantValues } from './grant-request.ts';
import type { GrantTokens } from './grant-tokens.ts';

/** Maximum number of grants on a key. Service-owned and AWS managed keys are exempt, as in AWS. */
const grantsPerKeyMax = 50_000;

/** A filter for the grants of a key. */
export interface GrantFilter extends PageRequest {
  readonly KeyId: string;
  readonly GrantId?: string | undefined;
  readonly GranteePrincipal?: string | undefined;
  readonly GranteeServicePrincipal?: string | undefined;
}

/** A request to retire a grant, named by its token or by its key and id. */
export interface RetireRequest {
  readonly GrantToken?: string | undefined;
  readonly KeyId?: string | undefined;
  readonly GrantId?: string | undefined;
}

interface Parts {
  readonly journal: KmsJournal;
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
  readonly tokens: GrantTokens;
  readonly random: Random;
  readonly names: PrincipalNames;
}

/**
 * The grants on keys. A grant lets one grantee use one key for certain operations. It never
 * changes; it can only be retired or revoked, which is final.
 *
 * @see AWS KMS developer guide, "Grants in AWS KMS"
 */
export class Grants {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Creates a grant, or returns the existing one that was created with the same name by an
   * identical request.
   *
   * @throws {KmsError} 'AccessDeniedException', 'ValidationException', 'InvalidArnException',
   *   'LimitExceededException', and the errors of the key's state
   */
  create(call: KmsCall, request: GrantRequest): Result<{ GrantId: string; GrantToken: string }> {
    const { finder, authoriser, tokens, journal, random } = this.#parts;
    for (const token of request.GrantTokens ?? []) tokens.read(token);
    const key = finder.findById(call, request.KeyId);
    const allowance = authoriser.authorise(call, {
      action: 'CreateGrant',
      key,
      context: {
        ...request.Constraints?.EncryptionContextSubset,
        ...request.Constraints?.EncryptionContextEquals,
      },
      values: grantValues(call, request),
    });
    requireState('CreateGrant', key);
    const grant = this.#identified(grantOf(call, key, request, random.bytes(32).toString('hex')));
    if (!allowance.byPolicy && !allowance.grants.some((parent) => isNoWider(grant, parent))) {
      throw new KmsError(
        'AccessDeniedException',
        `User: ${call.caller.arn} is not authorized to perform: kms:CreateGrant on resource: ${key.arn} because the grant that allows it is narrower than the requested grant`,
      );
    }
    const known = grant.name === '' ? undefined : this.#sameAs(grant);
    const id = known?.id ?? grant.id;
    const output = { GrantId: id, GrantToken: tokens.issue(id) };
    if (known) return unchanged(output, key);
    if (key.owner === 'customer' && journal.grantCountOf(key.id) >= grantsPerKeyMax) {
      throw new KmsError(
        'LimitExceededException',
        `${key.arn} has ${grantsPerKeyMax} grants, the maximum allowed`,
      );
    }
    return { output, changes: [{ put: 'grant', grant }], keys: [key] };
  }

  /**
   * Lists the grants of a key. A service sees the grants that name it without a permission, because
   * it must be able to check that they still exist.
   *
   * @throws {KmsError} 'AccessDeniedException', 'NotFoundException'
   */
  list(call: KmsCall, filter: GrantFilter): Result<Page<GrantRecord>> {
    const key = this.#parts.finder.findById(call, filter.KeyId);
    const listed = this.#listed(call, key);
    requireState('ListGrants', key);
    requireGrantId(filter.GrantId);
    const grantee = filter.GranteeServicePrincipal ?? filter.GranteePrincipal;
    const grants = listed
      .map((grant) => this.#shown(grant))
      .filter(
        (grant) =>
          (filter.GrantId === undefined || grant.id === filter.GrantId) &&
          (grantee === undefined || grant.grantee === grantee),
      );
    return unchanged(pageOf(grants, paging(`grants of ${key.id}`), filter), key);
  }

  /** Lists the grants of the account that a principal may retire. */
  listRetirable(
    call: KmsCall,
    request: PageRequest & {
      readonly RetiringPrincipal?: string | undefined;
      readonly RetiringServicePrincipal?: string | undefined;
    },
  ): Result<Page<GrantRecord>> {
    const { finder, journal } = this.#parts;
    const retiring = request.RetiringServicePrincipal ?? request.RetiringPrincipal;
    if (retiring === undefined) {
      throw new KmsError('ValidationException', 'RetiringPrincipal must be specified.');
    }
    const grants = [...journal.grants()]
      .filter((grant) => grant.retiring !== undefined)
      .map((grant) => this.#shown(grant))
      .filter(
        (grant) => grant.retiring === retiring && finder.visible(call, grant.keyId) !== undefined,
      );
    return unchanged(pageOf(grants, paging(`grants retirable by ${retiring}`), request));
  }

  /**
   * Deletes a grant for a caller that no longer needs it: its retiring principal, a grantee that is
   * allowed to, or the account under which it was created.
   *
   * @throws {KmsError} 'AccessDeniedException', 'NotFoundException', 'ValidationException'
   */
  retire(call: KmsCall, request: RetireRequest): Result<{ grantId: string }> {
    const grant = this.#named(call, request);
    const key = this.#parts.finder.findById(call, this.#keyOf(grant));
    requireState('RetireGrant', key);
    if (!this.#mayRetire(call, grant, key)) {
      throw new KmsError(
        'AccessDeniedException',
        `User: ${call.caller.arn} is not authorized to perform: kms:RetireGrant on resource: ${key.arn}`,
      );
    }
    return deletionOf(grant, key);
  }

  /**
   * Deletes a grant for a caller that may manage the key. This cannot be undone.
   *
   * @throws {KmsError} 'AccessDeniedException', 'NotFoundException', 'InvalidGrantIdException'
   */
  revoke(call: KmsCall, request: { KeyId: string; GrantId: string }): Result<{ grantId: string }> {
    const { finder, authoriser } = this.#parts;
    const key = finder.findById(call, request.KeyId);
    authoriser.authorise(call, { action: 'RevokeGrant', key, values: awsResourceValue(call) });
    requireState('RevokeGrant', key);
    return deletionOf(this.#ofKey(key, request.GrantId), key);
  }

  #listed(call: KmsCall, key: KeyRecord): readonly GrantRecord[] {
    const { authoriser, journal } = this.#parts;
    const ask = { action: 'ListGrants', key, values: awsResourceValue(call) };
    const grants = [...journal.grantsOf(key.id)];
    const own = isServiceCall(call)
      ? grants.filter(({ grantee, retiring }) => {
          return [grantee, retiring].some(
            (name) => name && authoriser.isPrincipal({ name }, call, ask),
          );
        })
      : [];
    if (own.length > 0 && !authoriser.isDenied(call, ask)) return own;
    authoriser.authorise(call, ask);
    return grants;
  }

  #sameAs(grant: GrantRecord): GrantRecord | undefined {
    return [...this.#parts.journal.grantsOf(grant.keyId)].find(
      (other) =>
        other.name === grant.name &&
        other.grantee === grant.grantee &&
        other.granteeId === grant.granteeId &&
        other.retiring === grant.retiring &&
        other.retiringId === grant.retiringId &&
        [...other.operations].sort().join() === [...grant.operations].sort().join() &&
        sameConstraints(other.constraints, grant.constraints),
    );
  }

  #named(call: KmsCall, request: RetireRequest): GrantRecord {
    const { tokens, journal, finder } = this.#parts;
    if (request.GrantToken !== undefined) {
      const id = tokens.read(request.GrantToken);
      const grant = journal.grantById(id);
      if (grant !== undefined) return grant;
      throw grantNotFound(id);
    }
    if (request.KeyId === undefined || request.GrantId === undefined) {
      throw new KmsError(
        'ValidationException',
        'Either a GrantToken, or a KeyId and a GrantId must be specified.',
      );
    }
    return this.#ofKey(finder.findById(call, request.KeyId), request.GrantId);
  }

  #ofKey(key: KeyRecord, grantId: string): GrantRecord {
    requireGrantId(grantId);
    const grant = this.#parts.journal.grant(key.id, grantId);
    if (grant) return grant;
    throw grantNotFound(grantId);
  }

  #keyOf(grant: GrantRecord): string {
    return this.#parts.journal.key(grant.keyId)?.arn ?? grant.keyId;
  }

  #mayRetire(call: KmsCall, grant: GrantRecord, key: KeyRecord): boolean {
    const { authoriser } = this.#parts;
    const ask = { action: 'RetireGrant', key };
    if (authoriser.isDenied(call, ask)) return false;
    const may = (principal: GrantPrincipal) => authoriser.isPrincipal(principal, call, ask);
    const { retiring: name, retiringId: id } = grant;
    if (name !== undefined && may({ name, id })) return true;
    if (grant.operations.includes('RetireGrant') && may(granteeOf(grant))) return true;
    return may({ name: `arn:aws:iam::${grant.issuingAccount}:root` });
  }

  /** The grant with the unique ids of its principals, so that no namesake inherits it. */
  #identified(grant: GrantRecord): GrantRecord {
    const { names } = this.#parts;
    const granteeId = names.idOf(grant.grantee);
    const retiringId = grant.retiring === undefined ? undefined : names.idOf(grant.retiring);
    return {
      ...grant,
      ...(granteeId !== undefined && { granteeId }),
      ...(retiringId !== undefined && { retiringId }),
    };
  }

  /** The grant with the current names of its principals. */
  #shown(grant: GrantRecord): GrantRecord {
    const { names } = this.#parts;
    const { grantee, granteeId, retiring, retiringId } = grant;
    if (granteeId === undefined && retiringId === undefined) return grant;
    return {
      ...grant,
      grantee: shownPrincipal(grantee, granteeId, names),
      ...(retiring !== undefined && { retiring: shownPrincipal(retiring, retiringId, names) }),
    };
  }
}

function paging(list: string): Paging<GrantRecord> {
  return {
    list,
    // Oldest first. 16 digits hold any time in milliseconds.
    orderOf: (grant) => `${String(grant.createdMs).padStart(16, '0')} ${grant.id}`,
    rankOf: ({ createdMs }) => createdMs,
    limitDefault: 50,
    limitMax: 100,
  };
}

function deletionOf(grant: GrantRecord, key: KeyRecord): Result<{ grantId: string }> {
  return {
    output: { grantId: grant.id },
    changes: [{ delete: 'grant', keyId: key.id, grantId: grant.id }],
    keys: [key],
  };
}

function requireGrantId(grantId: string | undefined): void {
  if (grantId === undefined || /^[0-9a-f]{64}$/.test(grantId)) return;
  throw new KmsError('InvalidGrantIdException', `Invalid grant id '${grantId}'`);
}

function grantNotFound(grantId: string): KmsError {
  return new KmsError('NotFoundException', `Grant with id ${grantId} not found`);
}
