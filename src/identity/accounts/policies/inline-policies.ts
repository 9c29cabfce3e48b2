// Inline policies of users, groups and roles.

import { IamError, noSuchEntity } from '../errors.ts';
import type { IamJournal } from '../iam-journal.ts';
import { type Page, type PageRequest, pageOf } from '../pages.ts';
import { quotas } from '../quotas.ts';
import type { EntityKind, EntityRecord, InlineRecord } from '../records.ts';
import { changed, type IamResult } from '../result.ts';
import { checkDocument, sizeOf } from './documents.ts';

/** Inline policies, which belong to one entity. */
export class InlinePolicies {
  readonly #journal: IamJournal;

  constructor(journal: IamJournal) {
    this.#journal = journal;
  }

  /** @throws {IamError} 'LimitExceeded', 'MalformedPolicyDocument' */
  put(kind: EntityKind, entity: EntityRecord, record: InlineRecord): IamResult<undefined> {
    const max = quotas.inlinePolicySize[kind];
    let size = sizeOf(record.document);
    for (const other of this.#journal.inlineOf(entity.id)) {
      if (other.name !== record.name) size += sizeOf(other.document);
    }
    if (size > max) {
      throw new IamError(
        'LimitExceeded',
        `Maximum policy size of ${max} bytes exceeded for ${kind} ${entity.name}`,
      );
    }
    checkDocument(record.document, 'identity');
    return changed({ put: 'inline', id: entity.id, record });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  require(kind: EntityKind, entity: EntityRecord, name: string): InlineRecord {
    const found = this.#journal.inline(entity.id, name);
    if (found) return found;
    throw noSuchEntity(`The ${kind} policy with name ${name} cannot be found.`);
  }

  /** The inline policies of an entity, by name. */
  list(entity: EntityRecord, request: PageRequest): Page<InlineRecord> {
    return pageOf(this.#journal.inlineOf(entity.id), ({ name }) => name, request);
  }

  /** @throws {IamError} 'NoSuchEntity' */
  delete(kind: EntityKind, entity: EntityRecord, name: string): IamResult<undefined> {
    const { name: found } = this.require(kind, entity, name);
    return changed({ delete: 'inline', id: entity.id, name: found });
  }
}
