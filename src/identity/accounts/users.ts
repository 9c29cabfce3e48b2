// Users.

import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { newUniqueId } from '../identifiers.ts';
import { mustFirst, RenamableEntities, requireFreeName, requireNoPolicies } from './entities.ts';
import { IamError } from './errors.ts';
import type { IamJournal } from './iam-journal.ts';
import type { ManagedPolicies } from './policies/managed-policies.ts';
import type { UserRecord } from './records.ts';
import { changed, type IamResult } from './result.ts';
import { newTags, type TagInput } from './tags.ts';

/** The input of CreateUser. */
export interface UserCreation {
  readonly UserName: string;
  readonly Path?: string | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly Tags?: readonly TagInput[] | undefined;
}

/** The parts that users need. */
interface UserParts {
  readonly journal: IamJournal;
  readonly policies: ManagedPolicies;
  readonly random: Random;
}

/** The users of the account. */
export class Users extends RenamableEntities<'user'> {
  readonly #parts: UserParts;

  constructor(parts: UserParts) {
    super(parts.journal, 'user');
    this.#parts = parts;
  }

  /** @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded', 'NoSuchEntity', 'InvalidInput' */
  create(input: UserCreation, { nowMs }: CallContext): IamResult<UserRecord> {
    const { journal, policies, random } = this.#parts;
    const { UserName: name, Path: path = '/', PermissionsBoundary: boundary } = input;
    requireFreeName(journal, 'user', name);
    if (boundary !== undefined) policies.requireAttachable(boundary);
    const record: UserRecord = {
      id: newUniqueId('AIDA', random),
      name,
      path,
      createdMs: nowMs,
      attached: [],
      groups: [],
      tags: newTags(input.Tags),
      ...(boundary !== undefined && { boundary }),
    };
    return { output: record, changes: [{ put: 'user', record }] };
  }

  /**
   * Returns the name in a request, or that of the calling user.
   *
   * @throws {IamError} 'ValidationError' for other callers, who have to name a user
   */
  nameOr(name: string | undefined, { caller }: CallContext): string {
    const found = name ?? (caller.type === 'user' ? caller.userName : undefined);
    if (found !== undefined) return found;
    throw new IamError(
      'ValidationError',
      'Must specify userName when calling with non-User credentials',
    );
  }

  /** @throws {IamError} 'NoSuchEntity', 'DeleteConflict' */
  delete(name: string): IamResult<undefined> {
    const { journal } = this.#parts;
    const user = this.require(name);
    if (journal.accessKeysOf(user.id).length > 0) throw mustFirst('delete access keys');
    if (journal.password(user.id)) throw mustFirst('delete login profile');
    if (journal.devicesOf(user.id).length > 0) throw mustFirst('delete MFA device');
    if (user.groups.length > 0) throw mustFirst('remove users from group');
    requireNoPolicies(journal, user);
    return changed({ delete: 'user', id: user.id });
  }
}
