// Resolution of key names.

import { isServiceCall, type KmsCall } from './call.ts';
import { KmsError } from './errors.ts';
import { aliasArn, type KeyName, keyArn, readKeyName, serviceAccountId } from './key-ids.ts';
import type { KmsJournal } from './kms-journal.ts';
import type { AliasRecord, KeyRecord } from './records.ts';

/** Finds the key that a caller names. Service-owned keys are visible only to services. */
export class KeyFinder {
  readonly #journal: KmsJournal;

  constructor(journal: KmsJournal) {
    this.#journal = journal;
  }

  /**
   * Finds the key with a key id, key ARN, alias name or alias ARN.
   *
   * @throws {KmsError} 'NotFoundException', 'InvalidArnException'
   */
  find(call: KmsCall, text: string): KeyRecord {
    const name = readKeyName(text, call.region);
    return name.kind === 'key' ? this.#byId(call, name) : this.#byAlias(call, name);
  }

  /**
   * Finds the key with a key id or key ARN. Operations that manage keys do not accept aliases.
   *
   * @throws {KmsError} 'NotFoundException', 'InvalidArnException'
   */
  findById(call: KmsCall, text: string): KeyRecord {
    const name = readKeyName(text, call.region);
    if (name.kind === 'key') return this.#byId(call, name);
    throw new KmsError('NotFoundException', `Invalid keyId '${text}'`);
  }

  /** The key that a ciphertext names; undefined if the caller cannot see such a key. */
  visible(call: KmsCall, keyId: string): KeyRecord | undefined {
    const key = this.#journal.key(keyId);
    return key?.owner === 'service' && !isServiceCall(call) ? undefined : key;
  }

  /** @throws {KmsError} 'NotFoundException' */
  alias(call: KmsCall, name: string): AliasRecord {
    const alias = this.#journal.alias(call.accountId, name);
    if (alias) return alias;
    throw aliasNotFound(aliasArn(call.region, call.accountId, name));
  }

  #byId(call: KmsCall, name: Extract<KeyName, { kind: 'key' }>): KeyRecord {
    const key = this.visible(call, name.keyId);
    const accountId = name.accountId ?? call.accountId;
    const isMeant =
      key?.accountId === accountId ||
      (name.accountId === undefined && key?.accountId === serviceAccountId);
    if (key && isMeant) return key;
    throw new KmsError(
      'NotFoundException',
      `Key '${keyArn(call.region, accountId, name.keyId)}' does not exist`,
    );
  }

  #byAlias(call: KmsCall, name: Extract<KeyName, { kind: 'alias' }>): KeyRecord {
    const accountId = name.accountId ?? call.accountId;
    const alias = this.#journal.alias(accountId, name.name);
    const key = alias && this.#journal.key(alias.keyId);
    if (key) return key;
    throw aliasNotFound(aliasArn(call.region, accountId, name.name));
  }
}

function aliasNotFound(arn: string): KmsError {
  return new KmsError('NotFoundException', `Alias ${arn} is not found.`);
}
