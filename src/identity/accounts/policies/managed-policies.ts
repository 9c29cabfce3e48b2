// Managed policies: those of customers, with their versions, and those that AWS provides.

import type { Random } from '../../../base/random.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { newUniqueId } from '../../identifiers.ts';
import { iamArn } from '../arns.ts';
import { IamError, noSuchEntity, quotaExceeded } from '../errors.ts';
import type { IamJournal } from '../iam-journal.ts';
import { quotas } from '../quotas.ts';
import type { PolicyRecord, VersionRecord } from '../records.ts';
import { changed, type IamResult } from '../result.ts';
import { newTags, type TagInput } from '../tags.ts';
import { checkDocument, sizeOf } from './documents.ts';
import {
  type ProvidedPolicy,
  providedAtMs,
  providedPolicies,
  providedPolicy,
  providedVersion,
} from './provided-policies.ts';

/** A managed policy, of the customer or provided. */
export interface ManagedPolicy {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description?: string | undefined;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly defaultVersion: number;
  /** False for policies of service-linked roles. */
  readonly isAttachable: boolean;
  /** Whether AWS provides it. */
  readonly isProvided: boolean;
  readonly tags: PolicyRecord['tags'];
}

/** The input of CreatePolicy. */
export interface PolicyCreation {
  readonly PolicyName: string;
  readonly Path?: string | undefined;
  readonly PolicyDocument: string;
  readonly Description?: string | undefined;
  readonly Tags?: readonly TagInput[] | undefined;
}

/** The parts that managed policies need. */
interface PolicyParts {
  readonly journal: IamJournal;
  readonly accountId: () => string;
  readonly random: Random;
}

/** Managed policies. */
export class ManagedPolicies {
  readonly #parts: PolicyParts;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
  }

  arnOf(policy: Pick<PolicyRecord, 'path' | 'name'>): string {
    return iamArn(this.#parts.accountId(), 'policy', policy);
  }

  /** The policy with an ARN; undefined if there is none. */
  find(arn: string): ManagedPolicy | undefined {
    const provided = providedPolicy(arn);
    if (provided) return ofProvided(provided);
    const record = this.#record(arn);
    return record && this.#ofRecord(record);
  }

  /** @throws {IamError} 'NoSuchEntity' */
  require(arn: string): ManagedPolicy {
    const found = this.find(arn);
    if (found) return found;
    throw noSuchEntity(`Policy ${arn} was not found.`);
  }

  /** @throws {IamError} 'NoSuchEntity', 'PolicyNotAttachable' */
  requireAttachable(arn: string): ManagedPolicy {
    const found = this.find(arn);
    if (!found) throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
    if (found.isAttachable) return found;
    throw new IamError(
      'PolicyNotAttachable',
      'Cannot attach a Service Role Policy to a Customer Role.',
    );
  }

  /** All managed policies. */
  *all(scope: 'All' | 'AWS' | 'Local'): Iterable<ManagedPolicy> {
    if (scope !== 'Local') for (const provided of providedPolicies()) yield ofProvided(provided);
    if (scope === 'AWS') return;
    for (const record of this.#parts.journal.policies.values()) yield this.#ofRecord(record);
  }

  /**
   * @throws {IamError} 'EntityAlreadyExists', 'LimitExceeded', 'MalformedPolicyDocument',
   *   'InvalidInput'
   */
  create(input: PolicyCreation, { nowMs }: CallContext): IamResult<ManagedPolicy> {
    const { journal, random } = this.#parts;
    const { PolicyName: name, Path: path = '/', PolicyDocument: document } = input;
    if (journal.policies.named(name)) {
      throw new IamError(
        'EntityAlreadyExists',
        `A policy called ${name} already exists. Duplicate names are not allowed.`,
      );
    }
    if (journal.policies.count >= quotas.policiesPerAccount) {
      throw quotaExceeded('PoliciesPerAccount', quotas.policiesPerAccount);
    }
    checkManaged(document);
    const record: PolicyRecord = {
      id: newUniqueId('ANPA', random),
      name,
      path,
      createdMs: nowMs,
      updatedMs: nowMs,
      defaultVersion: 1,
      nextVersion: 2,
      tags: newTags(input.Tags),
      ...(input.Description !== undefined && { description: input.Description }),
    };
    const version: VersionRecord = { number: 1, document, createdMs: nowMs };
    return {
      output: this.#ofRecord(record),
      changes: [
        { put: 'policy', record },
        { put: 'version', id: record.id, record: version },
      ],
    };
  }

  /** @throws {IamError} 'NoSuchEntity', 'DeleteConflict', 'AccessDenied' for a provided policy */
  delete(arn: string): IamResult<undefined> {
    const { journal } = this.#parts;
    const record = this.requireOwn(arn);
    if (this.attachmentCount(arn) > 0 || this.boundaryCount(arn) > 0) {
      throw new IamError('DeleteConflict', 'Cannot delete a policy attached to entities.');
    }
    if ([...journal.versionsOf(record.id)].length > 1) {
      throw new IamError(
        'DeleteConflict',
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
      );
    }
    return changed({ delete: 'policy', id: record.id });
  }

  /** The number of users, groups and roles that a policy is attached to. */
  attachmentCount(arn: string): number {
    return this.#parts.journal.attachedTo(arn).size;
  }

  /** The number of users and roles whose permissions boundary a policy is. */
  boundaryCount(arn: string): number {
    return this.#parts.journal.boundedBy(arn).size;
  }

  /** The versions of a policy, newest first. */
  versionsOf(policy: ManagedPolicy): readonly VersionRecord[] {
    const provided = policy.isProvided ? providedPolicy(policy.arn) : undefined;
    if (provided) return [providedVersion(provided)];
    return [...this.#parts.journal.versionsOf(policy.id)].sort((a, b) => b.number - a.number);
  }

  /**
   * Returns a version, `v1` and so on.
   *
   * @throws {IamError} 'NoSuchEntity'
   */
  requireVersion(policy: ManagedPolicy, versionId: string): VersionRecord {
    const found = this.versionsOf(policy).find(({ number }) => `v${number}` === versionId);
    if (found) return found;
    throw noSuchEntity(
      `Policy ${policy.arn} version ${versionId} does not exist or is not attachable.`,
    );
  }

  /** The document in effect. */
  documentOf(policy: ManagedPolicy): string {
    return this.requireVersion(policy, `v${policy.defaultVersion}`).document;
  }

  /** @throws {IamError} 'NoSuchEntity', 'LimitExceeded', 'MalformedPolicyDocument' */
  createVersion(
    arn: string,
    document: string,
    isDefault: boolean,
    { nowMs }: CallContext,
  ): IamResult<{ readonly version: VersionRecord; readonly policy: PolicyRecord }> {
    const record = this.requireOwn(arn);
    // First: nobody should delete a version for a document that is refused then.
    checkManaged(document);
    if ([...this.#parts.journal.versionsOf(record.id)].length >= quotas.versionsPerPolicy) {
      throw new IamError(
        'LimitExceeded',
        `A managed policy can have up to ${quotas.versionsPerPolicy} versions. Before you create a new version, you must delete an existing version.`,
      );
    }
    const number = record.nextVersion;
    const version: VersionRecord = { number, document, createdMs: nowMs };
    const policy: PolicyRecord = {
      ...record,
      nextVersion: number + 1,
      updatedMs: nowMs,
      ...(isDefault && { defaultVersion: number }),
    };
    return {
      output: { version, policy },
      changes: [
        { put: 'version', id: record.id, record: version },
        { put: 'policy', record: policy },
      ],
    };
  }

  /** @throws {IamError} 'NoSuchEntity' */
  setDefault(arn: string, versionId: string, { nowMs }: CallContext): IamResult<undefined> {
    const record = this.requireOwn(arn);
    const { number } = this.requireVersion(this.#ofRecord(record), versionId);
    const changes = { defaultVersion: number, updatedMs: nowMs };
    return changed({ put: 'policy', record: { ...record, ...changes } });
  }

  /** @throws {IamError} 'NoSuchEntity', 'DeleteConflict' for the version in effect */
  deleteVersion(arn: string, versionId: string): IamResult<undefined> {
    const record = this.requireOwn(arn);
    const { number } = this.requireVersion(this.#ofRecord(record), versionId);
    if (number === record.defaultVersion) {
      throw new IamError('DeleteConflict', 'Cannot delete the default version of a policy.');
    }
    return changed({ delete: 'version', id: record.id, number });
  }

  /** @throws {IamError} 'NoSuchEntity', 'AccessDenied' for a provided policy */
  requireOwn(arn: string): PolicyRecord {
    const record = this.#record(arn);
    if (record) return record;
    if (providedPolicy(arn)) throw new IamError('AccessDenied', `Policy ${arn} is managed by AWS.`);
    throw noSuchEntity(`Policy ${arn} was not found.`);
  }

  #record(arn: string): PolicyRecord | undefined {
    const record = this.#parts.journal.policies.named(arn.slice(arn.lastIndexOf('/') + 1));
    return record && this.arnOf(record) === arn ? record : undefined;
  }

  #ofRecord(record: PolicyRecord): ManagedPolicy {
    return { ...record, arn: this.arnOf(record), isAttachable: true, isProvided: false };
  }
}

function checkManaged(document: string): void {
  const max = quotas.managedPolicySize;
  if (sizeOf(document) > max) throw quotaExceeded('PolicySize', max);
  checkDocument(document, 'identity');
}

function ofProvided(policy: ProvidedPolicy): ManagedPolicy {
  const { document: _document, ...shown } = policy;
  const times = { createdMs: providedAtMs, updatedMs: providedAtMs };
  return { ...shown, ...times, defaultVersion: 1, isProvided: true, tags: [] };
}
