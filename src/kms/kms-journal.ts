import { unreachable } from '../base/assert.ts';
import type { Journal } from '../storage/journal.ts';
import type { AliasRecord, GrantRecord, KeyRecord, KmsChange } from './records.ts';

/** Keys, aliases and grants, folded from the system log. Records are never changed in place. */
export class KmsJournal implements Journal<KmsChange> {
  readonly name = 'kms';
  readonly #keys = new Map<string, KeyRecord>();
  /** By account and name, as {@link aliasIndex} joins them. */
  readonly #aliases = new Map<string, AliasRecord>();
  /** By key id, then by grant id. */
  readonly #grants = new Map<string, Map<string, GrantRecord>>();

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
  }

  key(keyId: string): KeyRecord | undefined {
    return this.#keys.get(keyId);
  }

  keys(): Iterable<KeyRecord> {
    return this.#keys.values();
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

  /** A key's grants, oldest first. */
  grantsOf(keyId: string): Iterable<GrantRecord> {
    return this.#grants.get(keyId)?.values() ?? [];
  }

  grantCountOf(keyId: string): number {
    return this.#grants.get(keyId)?.size ?? 0;
  }

  *grants(): Iterable<GrantRecord> {
    for (const ofKey of this.#grants.values()) yield* ofKey.values();
  }

  #put(change: Extract<KmsChange, { put: unknown }>): void {
    switch (change.put) {
      case 'key':
        this.#keys.set(change.key.id, change.key);
        return;
      case 'alias':
        this.#aliases.set(aliasIndex(change.alias.accountId, change.alias.name), change.alias);
        return;
      case 'grant': {
        // A key that is not there is deleted by a change that follows, and its grants with it.
        const { keyId, id } = change.grant;
        const ofKey = this.#grants.get(keyId) ?? new Map<string, GrantRecord>();
        this.#grants.set(keyId, ofKey.set(id, change.grant));
        return;
      }
      default:
        unreachable(change);
    }
  }

  #delete(change: Extract<KmsChange, { delete: unknown }>): void {
    switch (change.delete) {
      case 'key':
        this.#keys.delete(change.keyId);
        this.#grants.delete(change.keyId);
        for (const [index, alias] of this.#aliases) {
          if (alias.keyId === change.keyId) this.#aliases.delete(index);
        }
        return;
      case 'alias':
        this.#aliases.delete(aliasIndex(change.accountId, change.name));
        return;
      case 'grant':
        this.#grants.get(change.keyId)?.delete(change.grantId);
        return;
      default:
        unreachable(change);
    }
  }
}

function aliasIndex(accountId: string, name: string): string {
  return `${accountId}:${name}`;
}
