// The account and its root user.

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

/** Changes to the account and its access keys. Keys are active when they are created. */
export type IdentityChange =
  | { readonly type: 'account-created'; readonly accountId: string; readonly createdMs: number }
  | ({ readonly type: 'root-access-key-created' } & AccessKeyRecord)
  | {
      readonly type: 'root-access-key-status';
      readonly accessKeyId: string;
      readonly isActive: boolean;
    }
  | { readonly type: 'root-access-key-deleted'; readonly accessKeyId: string };

/** An access key of the root user. */
export interface RootAccessKey {
  readonly accessKeyId: string;
  readonly createdMs: number;
  readonly isActive: boolean;
}

/** A new access key, whose secret is returned only once. */
export interface NewRootAccessKey extends RootAccessKey {
  readonly secret: string;
  readonly change: IdentityChange;
}

/**
 * The account, and the access keys of its root user. Verifying a signature requires the secret
 * itself, so secrets are stored sealed and are unsealed for each use.
 */
export class Identity implements Journal<IdentityChange> {
  readonly name = 'identity';
  readonly #sealingKey: KeyObject;
  #account: { readonly accountId: string; readonly createdMs: number } | undefined = undefined;
  readonly #rootAccessKeys = new Map<string, AccessKeyRecord>();
  readonly #inactive = new Set<string>();

  /** @param sealingKey 256 bits, used for nothing else */
  constructor(sealingKey: KeyObject) {
    this.#sealingKey = sealingKey;
  }

  /** The account id, 12 digits; undefined before the account is created. */
  get accountId(): string | undefined {
    return this.#account?.accountId;
  }

  /** The time at which the account was created, milliseconds since 1970. */
  get createdMs(): number {
    return this.#account?.createdMs ?? 0;
  }

  /** Returns the entries that create the account. There is only one account. */
  createAccount(accountId: string, nowMs: number): Entry[] {
    assert(this.#account === undefined, 'the account already exists');
    assert(/^\d{12}$/.test(accountId), 'an account id has 12 digits');
    return [this.#entry({ type: 'account-created', accountId, createdMs: nowMs })];
  }

  /** Returns the entries that add an access key to the root user. */
  createRootAccessKey(random: Random, nowMs: number): Entry[] {
    return [this.#entry(this.newRootAccessKey(random, nowMs).change)];
  }

  /** Creates an access key of the root user, with the change that adds it. */
  newRootAccessKey(random: Random, nowMs: number): NewRootAccessKey {
    const accessKeyId = newAccessKeyId(random);
    const secret = newSecretAccessKey(random);
    const bytes = Buffer.from(secret, 'utf8');
    const sealed = sealValue(this.#sealingKey, sealContext(accessKeyId), bytes);
    bytes.fill(0);
    const record = { accessKeyId, sealedSecret: sealed.toString('base64'), createdMs: nowMs };
    const change = { type: 'root-access-key-created', ...record } as const;
    return { accessKeyId, createdMs: nowMs, isActive: true, secret, change };
  }

  /** The access keys of the root user, oldest first. */
  get rootAccessKeys(): readonly RootAccessKey[] {
    return [...this.#rootAccessKeys.values()].map(({ accessKeyId, createdMs }) => ({
      accessKeyId,
      createdMs,
      isActive: !this.#inactive.has(accessKeyId),
    }));
  }

  /** The newest active access key of the root user; undefined if there is none. */
  get rootAccessKeyId(): string | undefined {
    return this.rootAccessKeys.findLast(({ isActive }) => isActive)?.accessKeyId;
  }

  /**
   * Returns the root user and the secret of one of its active access keys; undefined if there is no
   * such key.
   */
  findAccessKey(
    accessKeyId: string,
  ): { readonly caller: Caller; readonly secret: () => Secret<string> } | undefined {
    const record = this.#rootAccessKeys.get(accessKeyId);
    const accountId = this.accountId;
    if (!record || accountId === undefined || this.#inactive.has(accessKeyId)) return undefined;
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
        this.#inactive.delete(change.accessKeyId);
        return;
      case 'root-access-key-status':
        if (change.isActive) this.#inactive.delete(change.accessKeyId);
        else if (this.#rootAccessKeys.has(change.accessKeyId)) {
          this.#inactive.add(change.accessKeyId);
        }
        return;
      case 'root-access-key-deleted':
        this.#rootAccessKeys.delete(change.accessKeyId);
        this.#inactive.delete(change.accessKeyId);
        return;
    }
  }

  *snapshot(): Iterable<IdentityChange> {
    if (this.#account) yield { ...this.#account, type: 'account-created' };
    for (const { accessKeyId, sealedSecret, createdMs } of this.#rootAccessKeys.values()) {
      yield { type: 'root-access-key-created', accessKeyId, sealedSecret, createdMs };
      if (!this.#inactive.has(accessKeyId)) continue;
      yield { type: 'root-access-key-status', accessKeyId, isActive: false };
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
