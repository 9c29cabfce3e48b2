// Access keys of users.

import type { KeyObject } from 'node:crypto';
import type { Random } from '../../base/random.ts';
import { Secret } from '../../base/secret.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';
import { newAccessKeyId, newSecretAccessKey } from '../identifiers.ts';
import { noSuchEntity, quotaExceeded } from './errors.ts';
import type { IamJournal } from './iam-journal.ts';
import { quotas } from './quotas.ts';
import type { AccessKeyRecord, KeyStatus, KeyUseRecord, UserRecord } from './records.ts';
import { changed, type IamResult } from './result.ts';

/** An access key with its secret, which is returned only once. */
export interface NewAccessKey {
  readonly record: AccessKeyRecord;
  readonly secret: string;
}

/** The access keys of users. Secrets are stored sealed, because a signature is checked with them. */
export class AccessKeys {
  readonly #journal: IamJournal;
  readonly #sealingKey: KeyObject;
  readonly #random: Random;

  constructor(journal: IamJournal, sealingKey: KeyObject, random: Random) {
    this.#journal = journal;
    this.#sealingKey = sealingKey;
    this.#random = random;
  }

  /** @throws {IamError} 'LimitExceeded' */
  create(user: UserRecord, { nowMs }: CallContext): IamResult<NewAccessKey> {
    if (this.#journal.accessKeysOf(user.id).length >= quotas.accessKeysPerUser) {
      throw quotaExceeded('AccessKeysPerUser', quotas.accessKeysPerUser);
    }
    const accessKeyId = newAccessKeyId(this.#random);
    const secret = newSecretAccessKey(this.#random);
    const bytes = Buffer.from(secret, 'utf8');
    const sealed = sealValue(this.#sealingKey, contextOf(accessKeyId, user.id), bytes);
    bytes.fill(0);
    const record: AccessKeyRecord = {
      accessKeyId,
      userId: user.id,
      sealedSecret: sealed.toString('base64'),
      status: 'Active',
      createdMs: nowMs,
    };
    return { output: { record, secret }, changes: [{ put: 'key', record }] };
  }

  /** The access keys of a user, oldest first. */
  of(user: UserRecord): readonly AccessKeyRecord[] {
    return this.#journal.accessKeysOf(user.id);
  }

  /** @throws {IamError} 'NoSuchEntity' */
  setStatus(user: UserRecord, accessKeyId: string, status: KeyStatus): IamResult<undefined> {
    return changed({ put: 'key', record: { ...this.#require(user, accessKeyId), status } });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  delete(user: UserRecord, accessKeyId: string): IamResult<undefined> {
    return changed({ delete: 'key', id: this.#require(user, accessKeyId).accessKeyId });
  }

  /** The owner of an access key and its last use; undefined if there is no such key. */
  lastUse(
    accessKeyId: string,
  ): { readonly user: UserRecord; readonly use: KeyUseRecord | undefined } | undefined {
    const user = this.#journal.users.byId(this.#journal.accessKey(accessKeyId)?.userId ?? '');
    return user && { user, use: this.#journal.lastUse(accessKeyId) };
  }

  /** An active access key with its user; undefined if it is inactive or does not exist. */
  active(
    accessKeyId: string,
  ): { readonly user: UserRecord; readonly secret: () => Secret<string> } | undefined {
    const record = this.#journal.accessKey(accessKeyId);
    if (record?.status !== 'Active') return undefined;
    const user = this.#journal.users.byId(record.userId);
    return user && { user, secret: () => this.#open(record) };
  }

  #require(user: UserRecord, accessKeyId: string): AccessKeyRecord {
    const record = this.#journal.accessKey(accessKeyId);
    if (record?.userId === user.id) return record;
    throw noSuchEntity(`The Access Key with id ${accessKeyId} cannot be found.`);
  }

  #open({ accessKeyId, userId, sealedSecret }: AccessKeyRecord): Secret<string> {
    const sealed = Buffer.from(sealedSecret, 'base64');
    const bytes = openValue(this.#sealingKey, contextOf(accessKeyId, userId), sealed);
    const secret = new Secret(bytes.toString('utf8'));
    bytes.fill(0);
    return secret;
  }
}

function contextOf(accessKeyId: string, userId: string): string {
  return `waxwing iam: secret of access key ${accessKeyId} of ${userId}`;
}
