// Managed policies that are attached to users, groups and roles, and permissions boundaries.

import { putEntity } from '../entities.ts';
import { noSuchEntity, quotaExceeded } from '../errors.ts';
import type { IamJournal } from '../iam-journal.ts';
import { type Page, type PageRequest, pageOf } from '../pages.ts';
import { quotas } from '../quotas.ts';
import type { EntityKind, EntityRecord, EntityRecords } from '../records.ts';
import { changed, type IamResult } from '../result.ts';
import type { ManagedPolicies, ManagedPolicy } from './managed-policies.ts';

const attachedQuotas = {
  user: 'PoliciesPerUser',
  group: 'PoliciesPerGroup',
  role: 'PoliciesPerRole',
} as const;

/** An entity that a policy is used by. */
export interface PolicyUse {
  readonly kind: EntityKind;
  readonly record: EntityRecord;
}

/** The uses of managed policies. */
export class Attachments {
  readonly #journal: IamJournal;
  readonly #policies: ManagedPolicies;

  constructor(journal: IamJournal, policies: ManagedPolicies) {
    this.#journal = journal;
    this.#policies = policies;
  }

  /**
   * Attaches a policy. Nothing changes if it is attached already.
   *
   * @throws {IamError} 'NoSuchEntity', 'PolicyNotAttachable', 'LimitExceeded'
   */
  attach<K extends EntityKind>(kind: K, entity: EntityRecords[K], arn: string) {
    this.#policies.requireAttachable(arn);
    const { attached } = entity;
    if (attached.includes(arn)) return changed();
    const max = quotas.attachedPerEntity;
    if (attached.length >= max) throw quotaExceeded(attachedQuotas[kind], max);
    return changed(putEntity(kind, { ...entity, attached: [...attached, arn] }));
  }

  /** @throws {IamError} 'NoSuchEntity' if the policy is not attached */
  detach<K extends EntityKind>(
    kind: K,
    entity: EntityRecords[K],
    arn: string,
  ): IamResult<undefined> {
    const { attached } = entity;
    if (!attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
    const record = { ...entity, attached: attached.filter((each) => each !== arn) };
    return changed(putEntity(kind, record));
  }

  /** The policies attached to an entity, in the order in which they were attached. */
  of(entity: EntityRecord): readonly ManagedPolicy[] {
    return entity.attached.flatMap((arn) => this.#policies.find(arn) ?? []);
  }

  /** Lists the policies attached to an entity whose paths begin with a prefix. */
  list(
    entity: EntityRecord,
    request: PageRequest & { readonly PathPrefix?: string | undefined },
  ): Page<ManagedPolicy> {
    const { PathPrefix: prefix = '/' } = request;
    const found = this.of(entity).filter(({ path }) => path.startsWith(prefix));
    return pageOf(found, ({ name, arn }) => `${name} ${arn}`, request);
  }

  /**
   * Sets a permissions boundary.
   *
   * @throws {IamError} 'NoSuchEntity', 'PolicyNotAttachable'
   */
  setBoundary<K extends 'user' | 'role'>(kind: K, entity: EntityRecords[K], arn: string) {
    this.#policies.requireAttachable(arn);
    return changed(putEntity(kind, { ...entity, boundary: arn }));
  }

  /** @throws {IamError} 'NoSuchEntity' if there is no boundary */
  removeBoundary<K extends 'user' | 'role'>(kind: K, entity: EntityRecords[K]) {
    const { boundary, ...rest } = entity;
    if (boundary === undefined) {
      throw noSuchEntity(`The ${kind} with name ${entity.name} has no permissions boundary.`);
    }
    // Everything but the boundary, which is optional.
    return changed(putEntity(kind, rest as EntityRecords[K]));
  }

  /** The entities that use a policy, as an attached policy or as a boundary. */
  usesOf(arn: string, as: 'PermissionsPolicy' | 'PermissionsBoundary'): readonly PolicyUse[] {
    const { users, groups, roles } = this.#journal;
    const ids =
      as === 'PermissionsPolicy' ? this.#journal.attachedTo(arn) : this.#journal.boundedBy(arn);
    return [...ids].flatMap((id): PolicyUse[] => {
      const [user, group, role] = [users.byId(id), groups.byId(id), roles.byId(id)];
      if (user) return [{ kind: 'user', record: user }];
      if (group) return [{ kind: 'group', record: group }];
      return role ? [{ kind: 'role', record: role }] : [];
    });
  }
}
