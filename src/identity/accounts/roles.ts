// Roles, and roles that are linked to a service.

import type { Random } from '../../base/random.ts';
import type { CallContext } from '../../calls/call-context.ts';
import { newUniqueId } from '../identifiers.ts';
import {
  type PrincipalIds,
  type PrincipalNames,
  principalIdsOf,
} from '../policies/principal-ids.ts';
import { Entities, requireFreeName, requireNoPolicies } from './entities.ts';
import { IamError } from './errors.ts';
import type { IamJournal } from './iam-journal.ts';
import { checkedTrustPolicy } from './policies/documents.ts';
import type { ManagedPolicies } from './policies/managed-policies.ts';
import type { RoleRecord } from './records.ts';
import { changed, type IamResult } from './result.ts';
import { newTags, type TagInput } from './tags.ts';

const sessionSecondsDefault = 3600;

/** The path under which roles belong to services. */
export const servicePath = '/aws-service-role/';

/** The input of CreateRole. */
export interface RoleCreation {
  readonly RoleName: string;
  readonly AssumeRolePolicyDocument: string;
  readonly Path?: string | undefined;
  readonly Description?: string | undefined;
  readonly MaxSessionDuration?: number | undefined;
  readonly PermissionsBoundary?: string | undefined;
  readonly Tags?: readonly TagInput[] | undefined;
}

/** The parts that roles need. */
interface RoleParts {
  readonly journal: IamJournal;
  readonly policies: ManagedPolicies;
  readonly principals: PrincipalNames;
  readonly random: Random;
}

/** The roles of the account. */
export class Roles extends Entities<'role'> {
  readonly #parts: RoleParts;

  constructor(parts: RoleParts) {
    super(parts.journal, 'role');
    this.#parts = parts;
  }

  /**
   * @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded', 'NoSuchEntity', 'InvalidInput',
   *   'MalformedPolicyDocument', 'ValidationError'
   */
  create(input: RoleCreation, { nowMs }: CallContext): IamResult<RoleRecord> {
    const { journal, policies } = this.#parts;
    const { RoleName: name, Path: path = '/', PermissionsBoundary: boundary } = input;
    if (path.startsWith(servicePath)) {
      throw new IamError('ValidationError', `The path ${servicePath} is reserved for services.`);
    }
    requireFreeName(journal, 'role', name);
    const trust = this.#trust(input.AssumeRolePolicyDocument);
    if (boundary !== undefined) policies.requireAttachable(boundary);
    const record: RoleRecord = {
      ...this.#newRecord(name, path, nowMs),
      ...trust,
      maxSessionSeconds: input.MaxSessionDuration ?? sessionSecondsDefault,
      tags: newTags(input.Tags),
      ...(input.Description !== undefined && { description: input.Description }),
      ...(boundary !== undefined && { boundary }),
    };
    return { output: record, changes: [{ put: 'role', record }] };
  }

  #newRecord(name: string, path: string, nowMs: number) {
    const id = newUniqueId('AROA', this.#parts.random);
    return { id, name, path, createdMs: nowMs, attached: [] };
  }

  /** @throws {IamError} 'NoSuchEntity', 'UnmodifiableEntity' if the role is linked to a service */
  requireOwn(name: string): RoleRecord {
    const role = this.require(name);
    if (role.service === undefined) return role;
    throw new IamError(
      'UnmodifiableEntity',
      `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
    );
  }

  /** @throws {IamError} 'NoSuchEntity', 'UnmodifiableEntity' */
  update(name: string, changes: Partial<Pick<RoleRecord, 'description' | 'maxSessionSeconds'>>) {
    const record = { ...this.requireOwn(name), ...changes };
    return { output: record, changes: [{ put: 'role', record } as const] };
  }

  /** @throws {IamError} 'NoSuchEntity', 'UnmodifiableEntity', 'MalformedPolicyDocument', 'LimitExceeded' */
  updateTrust(name: string, document: string): IamResult<undefined> {
    const { trust: _trust, trustIds: _ids, ...role } = this.requireOwn(name);
    return changed({ put: 'role', record: { ...role, ...this.#trust(document) } });
  }

  /** Checks a trust policy, and finds the unique ids of the principals that it names. */
  #trust(document: string): { readonly trust: string; readonly trustIds?: PrincipalIds } {
    const ids = principalIdsOf(checkedTrustPolicy(document), this.#parts.principals);
    return { trust: document, ...(ids && { trustIds: ids }) };
  }

  /** @throws {IamError} 'NoSuchEntity', 'UnmodifiableEntity', 'DeleteConflict' */
  delete(name: string): IamResult<undefined> {
    const role = this.requireOwn(name);
    requireNoPolicies(this.#parts.journal, role);
    return changed({ delete: 'role', id: role.id });
  }

  /**
   * Creates the role of a service, with the policy that the service needs.
   *
   * @throws {IamError} 'InvalidInput' for a service that has no such role or if it exists already
   */
  createLinked(
    service: string,
    description: string | undefined,
    { nowMs }: Pick<CallContext, 'nowMs'>,
  ) {
    const linked = linkedServices.get(service);
    if (linked === undefined) {
      throw new IamError('InvalidInput', `Service role name was not found for ${service}.`);
    }
    const { journal } = this.#parts;
    if (journal.roles.named(linked.roleName)) {
      throw new IamError(
        'InvalidInput',
        `Service role name ${linked.roleName} has been taken in this account, please try a different suffix.`,
      );
    }
    const record: RoleRecord = {
      ...this.#newRecord(linked.roleName, `${servicePath}${service}/`, nowMs),
      attached: [linked.policyArn],
      trust: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      }),
      maxSessionSeconds: sessionSecondsDefault,
      tags: [],
      service,
      ...(description !== undefined && { description }),
    };
    return { output: record, changes: [{ put: 'role', record } as const] };
  }

  /**
   * Refuses a suffix in the name of a service's role. No service of this installation has several.
   *
   * @throws {IamError} 'InvalidInput'
   */
  refuseSuffix(service: string, suffix: string | undefined): void {
    if (suffix === undefined) return;
    throw new IamError('InvalidInput', `Custom suffix is not allowed for ${service}`);
  }

  /** @throws {IamError} 'NoSuchEntity', 'InvalidInput' if the role is not linked to a service */
  requireLinked(name: string): RoleRecord {
    const role = this.require(name);
    if (role.service !== undefined) return role;
    throw new IamError('InvalidInput', `The role ${name} is not a service-linked role.`);
  }
}

/** The services that have a role of their own. */
const linkedServices: ReadonlyMap<string, { roleName: string; policyArn: string }> = new Map([
  [
    'mq.amazonaws.com',
    {
      roleName: 'AWSServiceRoleForAmazonMQ',
      policyArn: 'arn:aws:iam::aws:policy/aws-service-role/AmazonMQServiceRolePolicy',
    },
  ],
]);
