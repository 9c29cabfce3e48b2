// The account and its access keys.

import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Random } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import type { Caller } from '../calls/caller.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import type { Entry, Journal } from '../storage/journal.ts';
import { newAccessKeyId, newSecretAccessKey } from './identifiers.ts';

/** An access key in the journal, with a sealed secret. */
interface AccessKeyRecord {
  readonly accessKeyId: string;
  /** base64 */
  readonly sealedSecret: string;
  readonly createdMs: number;
}

/** Changes to the account and its access keys. */
export type IdentityChange =
  | { readonly type: 'account-created'; readonly accountId: string; readonly createdMs: number }
  | ({ readonly type: 'root-access-key-created' } & AccessKeyRecord);

/**
 * The account, and the access keys that sign calls. Verifying a signature requires the secret
 * itself, so secrets are stored sealed and are unsealed for each use.
 */
export class Identity implements Journal<IdentityChange> {
  readonly name = 'identity';
  readonly #sealingKey: KeyObject;
  #account: { readonly accountId: string; readonly createdMs: number } | undefined = undefined;
  readonly #rootAccessKeys = new Map<string, AccessKeyRecord>();

  /** @param sealingKey 256 bits, used for nothing else */
  constructor(sealingKey: KeyObject) {
    this.#sealingKey = sealingKey;
  }

  /** The account id, 12 digits; undefined before the account is created. */
  get accountId(): string | undefined {
    return this.#account?.accountId;
  }

  /** Returns the entries that create the account. There is only one account. */
  createAccount(accountId: string, nowMs: number): Entry[] {
    assert(this.#account === undefined, 'the account already exists');
    assert(/^\d{12}$/.test(accountId), 'an account id has 12 digits');
    return [this.#entry({ type: 'account-created', accountId, createdMs: nowMs })];
  }

  /** Returns the entries that add an access key to the root user. */
  createRootAccessKey(random: Random, nowMs: number): Entry[] {
    const accessKeyId = newAccessKeyId(random);
    const secret = Buffer.from(newSecretAccessKey(random), 'utf8');
    const sealed = sealValue(this.#sealingKey, sealContext(accessKeyId), secret);
    secret.fill(0);
    const record = { accessKeyId, sealedSecret: sealed.toString('base64'), createdMs: nowMs };
    return [this.#entry({ type: 'root-access-key-created', ...record })];
  }

  /** The newest access key of the root user; undefined if there is none. */
  get rootAccessKeyId(): string | undefined {
    return [...this.#rootAccessKeys.keys()].at(-1);
  }

  /** Returns the owner and the secret of an access key; undefined if the key does not exist. */
  findAccessKey(
    accessKeyId: string,
  ): { readonly caller: Caller; readonly secret: () => Secret<string> } | undefined {
    const record = this.#rootAccessKeys.get(accessKeyId);
    const accountId = this.accountId;
    if (!record || accountId === undefined) return undefined;
    const arn = `arn:aws:iam::${accountId}:root`;
    return {
      caller: { type: 'root', accountId, arn, principalId: accountId },
      secret: () => this.#open(record),
    };
  }

  apply(change: IdentityChange): void {
    switch (change.type) {
      case 'account-created':
        this.#account = change;
        return;
      case 'root-access-key-created':
        this.#rootAccessKeys.set(change.accessKeyId, change);
        return;
    }
  }

  *snapshot(): Iterable<IdentityChange> {
    if (this.#account) yield { ...this.#account, type: 'account-created' };
    for (const key of this.#rootAccessKeys.values()) {
      yield { ...key, type: 'root-access-key-created' };
    }
  }

  #entry(change: IdentityChange): Entry {
    return { journal: this.name, change };
  }

  #open({ accessKeyId, sealedSecret }: AccessKeyRecord): Secret<string> {
    const sealed = Buffer.from(sealedSecret, 'base64');
    const bytes = openValue(this.#sealingKey, sealContext(accessKeyId), sealed);
    const secret = new Secret(bytes.toString('utf8'));
    bytes.fill(0);
    return secret;
  }
}

function sealContext(accessKeyId: string): string {
  return `waxwing identity: secret of access key ${accessKeyId}`;
}
