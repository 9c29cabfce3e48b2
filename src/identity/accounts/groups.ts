// Groups of users.

import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { newUniqueId } from '../identifiers.ts';
import {
  mustFirst,
  RenamableEntities,
  requireEntity,
  requireFreeName,
  requireNoPolicies,
} from './entities.ts';
import { quotaExceeded } from './errors.ts';
import type { IamJournal } from './iam-journal.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import { quotas } from './quotas.ts';
import type { GroupRecord, UserRecord } from './records.ts';
import { changed, type IamResult } from './result.ts';

/** The parts that groups need. */
interface GroupParts {
  readonly journal: IamJournal;
  readonly random: Random;
}

/** The groups of the account. */
export class Groups extends RenamableEntities<'group'> {
  readonly #parts: GroupParts;

  constructor(parts: GroupParts) {
    super(parts.journal, 'group');
    this.#parts = parts;
  }

  /** @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded' */
  create(name: string, path: string, { nowMs }: CallContext): IamResult<GroupRecord> {
    const { journal, random } = this.#parts;
    requireFreeName(journal, 'group', name);
    const id = newUniqueId('AGPA', random);
    const record = { id, name, path, createdMs: nowMs, attached: [] };
    return { output: record, changes: [{ put: 'group', record }] };
  }

  /** Lists the users in a group. */
  members({ id }: GroupRecord, request: PageRequest): Page<UserRecord> {
    const { journal } = this.#parts;
    const users = [...journal.membersOf(id)].flatMap((userId) => journal.users.byId(userId) ?? []);
    return pageOf(users, ({ name }) => name, request);
  }

  /** Lists the groups of a user. */
  ofUser(user: UserRecord, request: PageRequest): Page<GroupRecord> {
    return pageOf(this.allOf(user), ({ name }) => name, request);
  }

  /** The groups of a user, in the order in which it was added to them. */
  allOf(user: UserRecord): readonly GroupRecord[] {
    return user.groups.flatMap((id) => this.#parts.journal.groups.byId(id) ?? []);
  }

  /** @throws {IamError} 'NoSuchEntity', 'LimitExceeded' */
  addUser(groupName: string, userName: string): IamResult<undefined> {
    const group = this.require(groupName);
    const user = requireEntity(this.#parts.journal, 'user', userName);
    if (user.groups.includes(group.id)) return changed();
    if (user.groups.length >= quotas.groupsPerUser) {
      throw quotaExceeded('GroupsPerUser', quotas.groupsPerUser);
    }
    return changed({ put: 'user', record: { ...user, groups: [...user.groups, group.id] } });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  removeUser(groupName: string, userName: string): IamResult<undefined> {
    const group = this.require(groupName);
    const user = requireEntity(this.#parts.journal, 'user', userName);
    const groups = user.groups.filter((id) => id !== group.id);
    return changed({ put: 'user', record: { ...user, groups } });
  }

  /** @throws {IamError} 'NoSuchEntity', 'DeleteConflict' */
  delete(name: string): IamResult<undefined> {
    const { journal } = this.#parts;
    const group = this.require(name);
    if (journal.membersOf(group.id).size > 0) throw mustFirst('remove users from group');
    requireNoPolicies(journal, group);
    return changed({ delete: 'group', id: group.id });
  }
}
