// What users, groups and roles have in common: finding them by name, and their names.

import { IamError, noSuchEntity, quotaExceeded } from './errors.ts';
import type { IamJournal } from './iam-journal.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import { quotas } from './quotas.ts';
import type { EntityKind, EntityRecord, EntityRecords, IamChange } from './records.ts';
import { changed, type IamResult } from './result.ts';

const titles = { user: 'User', group: 'Group', role: 'Role' } as const;
const countQuotas = {
  user: quotas.usersPerAccount,
  group: quotas.groupsPerAccount,
  role: quotas.rolesPerAccount,
} as const;

/** A list of entities under a path. */
interface EntityPageRequest extends PageRequest {
  readonly PathPrefix?: string | undefined;
}

/**
 * Returns the entity with a name.
 *
 * @throws {IamError} 'NoSuchEntity'
 */
export function requireEntity<K extends EntityKind>(
  journal: IamJournal,
  kind: K,
  name: string,
): EntityRecords[K] {
  const found = journal.entities(kind).named(name);
  if (found) return found;
  throw noSuchEntity(`The ${kind} with name ${name} cannot be found.`);
}

/**
 * Checks that a new entity may have this name.
 *
 * @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded'
 */
export function requireFreeName(journal: IamJournal, kind: EntityKind, name: string): void {
  const all = journal.entities(kind);
  if (all.named(name)) throw nameInUse(kind, name);
  const max = countQuotas[kind];
  if (all.count >= max) throw quotaExceeded(`${titles[kind]}sPerAccount`, max);
}

/** The error for a name that is in use. */
function nameInUse(kind: EntityKind, name: string): IamError {
  return new IamError('EntityAlreadyExists', `${titles[kind]} with name ${name} already exists.`);
}

/** Lists the entities whose paths begin with a prefix, by name. */
function entityPage<K extends EntityKind>(
  journal: IamJournal,
  kind: K,
  request: EntityPageRequest,
): Page<EntityRecords[K]> {
  const { PathPrefix: prefix = '/' } = request;
  return pageOf(under(journal.entities(kind).values(), prefix), ({ name }) => name, request);
}

function* under<R extends EntityRecord>(records: Iterable<R>, prefix: string): Iterable<R> {
  for (const record of records) if (record.path.startsWith(prefix)) yield record;
}

/** Finds and lists the entities of one kind. */
export class Entities<K extends EntityKind> {
  protected readonly journal: IamJournal;
  protected readonly kind: K;

  constructor(journal: IamJournal, kind: K) {
    this.journal = journal;
    this.kind = kind;
  }

  /** @throws {IamError} 'NoSuchEntity' */
  require(name: string): EntityRecords[K] {
    return requireEntity(this.journal, this.kind, name);
  }

  /** Lists the entities whose paths begin with a prefix, by name. */
  list(request: EntityPageRequest): Page<EntityRecords[K]> {
    return entityPage(this.journal, this.kind, request);
  }
}

/** Entities whose names and paths can change: users and groups. */
export class RenamableEntities<K extends 'user' | 'group'> extends Entities<K> {
  /**
   * Changes the name or path of an entity, which keeps its id.
   *
   * @throws {IamError} 'NoSuchEntity', 'EntityAlreadyExists'
   */
  update(
    name: string,
    newName: string | undefined,
    newPath: string | undefined,
  ): IamResult<undefined> {
    const found = this.require(name);
    const other =
      newName === undefined ? undefined : this.journal.entities(this.kind).named(newName);
    if (other !== undefined && other.id !== found.id) throw nameInUse(this.kind, other.name);
    const record = { ...found, name: newName ?? found.name, path: newPath ?? found.path };
    return changed(putEntity(this.kind, record));
  }
}

/** The change that stores an entity. */
export function putEntity<K extends EntityKind>(kind: K, record: EntityRecords[K]): IamChange {
  // The kind and the record fit together, which the union cannot express.
  return { put: kind, record } as IamChange;
}

/**
 * Checks that an entity has no policies, which would be deleted with it.
 *
 * @throws {IamError} 'DeleteConflict'
 */
export function requireNoPolicies(journal: IamJournal, { id, attached }: EntityRecord): void {
  if (attached.length > 0) throw mustFirst('detach all policies');
  for (const _ of journal.inlineOf(id)) throw mustFirst('delete policies');
}

/** The error for an entity on which others depend. */
export function mustFirst(what: string): IamError {
  return new IamError('DeleteConflict', `Cannot delete entity, must ${what} first.`);
}
