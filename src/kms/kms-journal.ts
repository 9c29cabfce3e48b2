// The state of the key service, as a journal.

import { unreachable } from '../base/assert.ts';
import type { Journal } from '../storage/journal.ts';
import { withoutRegion } from './call.ts';
import type { AliasRecord, GrantRecord, KeyRecord, KeyUseRecord, KmsChange } from './records.ts';

/**
 * Keys, aliases and grants. The state is built from the changes in the system log. Records are
 * immutable.
 */
export class KmsJournal implements Journal<KmsChange> {
  readonly name = 'kms';
  readonly #keys = new Map<string, KeyRecord>();
  /** The ids of keys with a scheduled deletion or rotation, or material that expires. */
  readonly #withSteps = new Set<string>();
  /** Aliases by {@link aliasIndex}. */
  readonly #aliases = new Map<string, AliasRecord>();
  /** Grants by key id and grant id. */
  readonly #grants = new Map<string, Map<string, GrantRecord>>();
  /** The ids of grants by key id and {@link indexOf}. */
  readonly #grantsByGrantee = new Map<string, Map<string, Set<string>>>();
  /** The key of each grant. */
  readonly #keyOfGrant = new Map<string, string>();
  /** The aliases of each key. */
  readonly #aliasesOf = new Map<string, Set<string>>();
  /** The number of customer managed keys by account. */
  readonly #keyCounts = new Map<string, number>();
  /** The last use of each key that was used. */
  readonly #uses = new Map<string, KeyUseRecord>();
  #usesTrackedSinceMs: number | undefined = undefined;

  apply(change: KmsChange): void {
    if ('put' in change) this.#put(change);
    else this.#delete(change);
  }

  *snapshot(): Iterable<KmsChange> {
    for (const key of this.#keys.values()) yield { put: 'key', key };
    for (const alias of this.#aliases.values()) yield { put: 'alias', alias };
    for (const ofKey of this.#grants.values()) {
      for (const grant of ofKey.values()) yield { put: 'grant', grant };
    }
    for (const [keyId, use] of this.#uses) yield { put: 'key-use', keyId, use };
    const sinceMs = this.#usesTrackedSinceMs;
    if (sinceMs !== undefined) yield { put: 'use-tracking', sinceMs };
  }

  /** The last recorded use of a key. */
  lastUse(keyId: string): KeyUseRecord | undefined {
    return this.#uses.get(keyId);
  }

  /** The time since which uses are recorded, milliseconds since 1970; undefined before the first. */
  get usesTrackedSinceMs(): number | undefined {
    return this.#usesTrackedSinceMs;
  }

  key(keyId: string): KeyRecord | undefined {
    return this.#keys.get(keyId);
  }

  keys(): Iterable<KeyRecord> {
    return this.#keys.values();
  }

  /** Returns the ids of the keys with a scheduled deletion or rotation, or material that expires. */
  idsWithSteps(): readonly string[] {
    return [...this.#withSteps];
  }

  alias(accountId: string, name: string): AliasRecord | undefined {
    return this.#aliases.get(aliasIndex(accountId, name));
  }

  aliases(): Iterable<AliasRecord> {
    return this.#aliases.values();
  }

  grant(keyId: string, grantId: string): GrantRecord | undefined {
    return this.#grants.get(keyId)?.get(grantId);
  }

  /** The grants of a key, oldest first. */
  grantsOf(keyId: string): Iterable<GrantRecord> {
    return this.#grants.get(keyId)?.values() ?? [];
  }

  /**
   * The grants of a key for some grantees. A key can have 50,000 grants, most of them for others.
   *
   * @param grantees unique ids, ARNs or service principals, whose region does not matter
   */
  *grantsTo(keyId: string, grantees: Iterable<string>): Generator<GrantRecord> {
    const ofKey = this.#grantsByGrantee.get(keyId);
    for (const grantee of grantees) {
      for (const id of ofKey?.get(withoutRegion(grantee)) ?? []) {
        const grant = this.grant(keyId, id);
        if (grant !== undefined) yield grant;
      }
    }
  }

  grantCountOf(keyId: string): number {
    return this.#grants.get(keyId)?.size ?? 0;
  }

  /** The grant with this id, on any key. */
  grantById(grantId: string): GrantRecord | undefined {
    const keyId = this.#keyOfGrant.get(grantId);
    return keyId === undefined ? undefined : this.grant(keyId, grantId);
  }

  /** The names of a key's aliases. */
  aliasNamesOf(keyId: string): readonly string[] {
    const indexes = [...(this.#aliasesOf.get(keyId) ?? [])];
    return indexes.flatMap((index) => this.#aliases.get(index)?.name ?? []);
  }

  aliasCountOf(keyId: string): number {
    return this.#aliasesOf.get(keyId)?.size ?? 0;
  }

  /** The number of customer managed keys of an account. */
  customerKeyCount(accountId: string): number {
    return this.#keyCounts.get(accountId) ?? 0;
  }

  *grants(): Iterable<GrantRecord> {
    for (const ofKey of this.#grants.values()) yield* ofKey.values();
  }

  #put(change: Extract<KmsChange, { put: unknown }>): void {
    switch (change.put) {
      case 'key':
        this.#count(this.#keys.get(change.key.id), -1);
        this.#keys.set(change.key.id, change.key);
        if (hasSteps(change.key)) this.#withSteps.add(change.key.id);
        else this.#withSteps.delete(change.key.id);
        this.#count(change.key, 1);
        return;
      case 'alias':
        this.#putAlias(change.alias);
        return;
      case 'grant': {
        // If the key is missing, a later change deletes it together with its grants.
        const { keyId, id } = change.grant;
        const ofKey = this.#grants.get(keyId) ?? new Map<string, GrantRecord>();
        this.#grants.set(keyId, ofKey.set(id, change.grant));
        this.#keyOfGrant.set(id, keyId);
        this.#indexGrantee(change.grant);
        return;
      }
      case 'key-use':
        // A use may be recorded after its key was deleted.
        if (this.#keys.has(change.keyId)) this.#uses.set(change.keyId, change.use);
        return;
      case 'use-tracking':
        this.#usesTrackedSinceMs ??= change.sinceMs;
        return;
      default:
        unreachable(change);
    }
  }

  #delete(change: Extract<KmsChange, { delete: unknown }>): void {
    switch (change.delete) {
      case 'key':
        this.#count(this.#keys.get(change.keyId), -1);
        this.#keys.delete(change.keyId);
        this.#uses.delete(change.keyId);
        this.#withSteps.delete(change.keyId);
        for (const { id } of this.grantsOf(change.keyId)) this.#keyOfGrant.delete(id);
        this.#grants.delete(change.keyId);
        this.#grantsByGrantee.delete(change.keyId);
        for (const index of this.#aliasesOf.get(change.keyId) ?? []) this.#aliases.delete(index);
        this.#aliasesOf.delete(change.keyId);
        return;
      case 'alias':
        this.#deleteAlias(aliasIndex(change.accountId, change.name));
        return;
      case 'grant':
        this.#unindexGrantee(this.grant(change.keyId, change.grantId));
        this.#grants.get(change.keyId)?.delete(change.grantId);
        this.#keyOfGrant.delete(change.grantId);
        return;
      default:
        unreachable(change);
    }
  }

  #indexGrantee(grant: GrantRecord): void {
    const { keyId, id } = grant;
    const ofKey = this.#grantsByGrantee.get(keyId) ?? new Map<string, Set<string>>();
    const index = indexOf(grant);
    this.#grantsByGrantee.set(keyId, ofKey.set(index, (ofKey.get(index) ?? new Set()).add(id)));
  }

  #unindexGrantee(grant: GrantRecord | undefined): void {
    if (grant === undefined) return;
    const ofKey = this.#grantsByGrantee.get(grant.keyId);
    const ids = ofKey?.get(indexOf(grant));
    ids?.delete(grant.id);
    if (ids?.size === 0) ofKey?.delete(indexOf(grant));
  }

  #count(key: KeyRecord | undefined, by: number): void {
    if (key?.owner !== 'customer') return;
    this.#keyCounts.set(key.accountId, this.customerKeyCount(key.accountId) + by);
  }

  #putAlias(alias: AliasRecord): void {
    const index = aliasIndex(alias.accountId, alias.name);
    const before = this.#aliases.get(index);
    if (before !== undefined) this.#aliasesOf.get(before.keyId)?.delete(index);
    this.#aliases.set(index, alias);
    const ofKey = this.#aliasesOf.get(alias.keyId) ?? new Set<string>();
    this.#aliasesOf.set(alias.keyId, ofKey.add(index));
  }

  #deleteAlias(index: string): void {
    const alias = this.#aliases.get(index);
    this.#aliases.delete(index);
    if (alias === undefined) return;
    const ofKey = this.#aliasesOf.get(alias.keyId);
    ofKey?.delete(index);
    if (ofKey?.size === 0) this.#aliasesOf.delete(alias.keyId);
  }
}

/**
 * Whether a key has a scheduled deletion or rotation, or material that expires. AWS managed keys are
 * always rotated.
 */
function hasSteps({ owner, deletionMs, onDemandMs, rotation, materials }: KeyRecord): boolean {
  if (owner === 'aws' || rotation !== undefined) return true;
  if (materials.some(({ validToMs }) => validToMs !== undefined)) return true;
  return deletionMs !== undefined || onDemandMs !== undefined;
}

/** Grantees with a unique id are found by it, because their names can change. */
function indexOf({ grantee, granteeId }: GrantRecord): string {
  return granteeId ?? withoutRegion(grantee);
}

function aliasIndex(accountId: string, name: string): string {
  return `${accountId}:${name}`;
}
