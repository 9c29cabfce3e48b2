// Operations on keys.

import { type PrincipalNames, shownPolicy } from '../identity/policies/principal-ids.ts';
import type { Authoriser } from './access/authoriser.ts';
import { newKeyPolicy } from './access/key-policies.ts';
import type { OperationValues } from './access/request-values.ts';
import { isServiceCall, type KmsCall } from './call.ts';
import { KmsError } from './errors.ts';
import type { GrantTokens } from './grants/grant-tokens.ts';
import { type KeyCreation, type KeyRequest, requireNoLockout } from './key-creation.ts';
import type { KeyFinder } from './key-finder.ts';
import { serviceAccountId } from './key-ids.ts';
import { type KeyOperation, requireState } from './key-states.ts';
import type { KmsJournal } from './kms-journal.ts';
import { type Page, type PageRequest, pageOf } from './pages.ts';
import type { KeyRecord } from './records.ts';
import { type Result, type ServiceStep, unchanged, updated } from './result.ts';
import { type Tag, withoutTags, withTags } from './tags.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * Services that have an AWS managed key in each account, which is created when it is first used.
 */
export const managedServices: readonly string[] = ['mq'];

interface Parts {
  readonly journal: KmsJournal;
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
  readonly creation: KeyCreation;
  readonly tokens: GrantTokens;
  readonly names: PrincipalNames;
}

/**
 * The keys and their properties: state, policy, description, tags. Operations do not change
 * anything themselves. They return their changes, and the caller commits them.
 */
export class Keys {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Creates a key. @see KeyCreation.create */
  create(call: KmsCall, request: KeyRequest): Result<KeyRecord> {
    return this.#parts.creation.create(call, request);
  }

  /**
   * Describes a key. An AWS managed key that does not exist yet is created when its alias is used.
   *
   * @throws {KmsError} 'NotFoundException', 'AccessDeniedException', 'InvalidGrantTokenException'
   */
  describe(call: KmsCall, name: string, grantTokens: readonly string[] = []): Result<KeyRecord> {
    const { finder, authoriser, tokens } = this.#parts;
    for (const token of grantTokens) tokens.read(token);
    const made = this.#madeOnFirstUse(call, name);
    const key = made?.output ?? finder.find(call, name);
    authoriser.authorise(call, { action: 'DescribeKey', key, values: requestAlias(name) });
    return made ?? unchanged(key, key);
  }

  /**
   * Returns those of the named keys that exist and are visible to the caller. Permissions are not
   * checked.
   */
  named(call: KmsCall, names: readonly string[]): readonly KeyRecord[] {
    const found = new Set<KeyRecord>();
    for (const name of names) {
      try {
        found.add(this.#parts.finder.find(call, name));
      } catch (error) {
        // A name that resolves to no key is not an error here: the call itself has been answered.
        if (!(error instanceof KmsError)) throw error;
      }
    }
    return [...found];
  }

  /** Lists the keys of the account in every state. Services see the service-owned keys. */
  list(call: KmsCall, request: PageRequest): Result<Page<KeyRecord>> {
    const accountId = isServiceCall(call) ? serviceAccountId : call.accountId;
    const keys = [...this.#parts.journal.keys()].filter((key) => key.accountId === accountId);
    const paging = { list: 'keys', orderOf: keyOrder, limitDefault: 100, limitMax: 1000 };
    return unchanged(pageOf(keys, paging, request));
  }

  /** Enables a disabled key. */
  enable(call: KmsCall, name: string): Result<undefined> {
    return this.#toggle(call, name, 'EnableKey', 'Enabled');
  }

  /** Disables a key. */
  disable(call: KmsCall, name: string): Result<undefined> {
    return this.#toggle(call, name, 'DisableKey', 'Disabled');
  }

  /**
   * Schedules the deletion of a key. Until then the key cannot be used.
   *
   * @param windowDays 7 to 30
   */
  scheduleDeletion(call: KmsCall, name: string, windowDays: number): Result<KeyRecord> {
    const key = this.manage(call, name, 'ScheduleKeyDeletion', {
      'kms:ScheduleKeyDeletionPendingWindowInDays': String(windowDays),
    });
    if (windowDays < 7 || windowDays > 30) {
      throw new KmsError(
        'ValidationException',
        `PendingWindowInDays is ${windowDays}; 7 to 30 are allowed`,
      );
    }
    const pending: KeyRecord = {
      ...key,
      state: 'PendingDeletion',
      deletionMs: call.nowMs + windowDays * dayMs,
    };
    return { output: pending, changes: [{ put: 'key', key: pending }], keys: [key] };
  }

  /** Cancels the deletion of a key. The key is disabled afterwards. */
  cancelDeletion(call: KmsCall, name: string): Result<KeyRecord> {
    const key = this.manage(call, name, 'CancelKeyDeletion');
    const { deletionMs: _, ...kept } = key;
    const awaitsMaterial = key.origin === 'EXTERNAL' && key.materials.length === 0;
    const saved: KeyRecord = { ...kept, state: awaitsMaterial ? 'PendingImport' : 'Disabled' };
    return { output: key, changes: [{ put: 'key', key: saved }], keys: [key] };
  }

  /** Returns the deletion of the key if it is due. */
  dueDeletion(key: KeyRecord, nowMs: number): ServiceStep | undefined {
    const { id, deletionMs } = key;
    if (deletionMs === undefined || deletionMs > nowMs) return undefined;
    return {
      eventName: 'DeleteKey',
      details: { keyId: id },
      result: { output: key, changes: [{ delete: 'key', keyId: id }], keys: [key] },
    };
  }

  updateDescription(call: KmsCall, name: string, description: string): Result<undefined> {
    const key = this.manage(call, name, 'UpdateKeyDescription');
    return updated(undefined, key, { description });
  }

  /** @throws {KmsError} 'NotFoundException' for any name but `default` */
  policy(call: KmsCall, name: string, policyName: string | undefined): Result<string> {
    const key = this.manage(call, name, 'GetKeyPolicy');
    requirePolicyName(policyName);
    return unchanged(shownPolicy(key.policy, key.principalIds, this.#parts.names), key);
  }

  /**
   * Replaces the policy of a key.
   *
   * @param bypass whether the caller may lock itself out
   * @throws {KmsError} 'MalformedPolicyDocumentException', 'LimitExceededException'
   */
  putPolicy(
    call: KmsCall,
    request: { KeyId: string; Policy: string; PolicyName?: string | undefined },
    bypass: boolean,
  ): Result<undefined> {
    const before = this.manage(call, request.KeyId, 'PutKeyPolicy', {
      'kms:BypassPolicyLockoutSafetyCheck': String(bypass),
    });
    requirePolicyName(request.PolicyName);
    const { policy: _policy, principalIds: _ids, ...kept } = before;
    const key = { ...kept, ...newKeyPolicy(request.Policy, this.#parts.names) };
    if (!bypass) requireNoLockout(this.#parts.authoriser, call, key);
    return { output: undefined, changes: [{ put: 'key', key }], keys: [before] };
  }

  /** Lists the policy names of a key: always `default`. */
  policyNames(call: KmsCall, name: string, request: PageRequest): Result<Page<string>> {
    const key = this.manage(call, name, 'ListKeyPolicies');
    const orderOf = (policyName: string) => policyName;
    const list = `policies of ${key.id}`;
    const paging = { list, orderOf, limitDefault: 100, limitMax: 1000 };
    return unchanged(pageOf(['default'], paging, request), key);
  }

  tag(call: KmsCall, name: string, tags: readonly Tag[]): Result<undefined> {
    const key = this.manage(call, name, 'TagResource', {
      ...Object.fromEntries(
        tags.map(({ TagKey, TagValue }) => [`aws:RequestTag/${TagKey}`, TagValue]),
      ),
      'aws:TagKeys': tags.map(({ TagKey }) => TagKey),
    });
    return updated(undefined, key, { tags: withTags(key.tags, tags) });
  }

  untag(call: KmsCall, name: string, names: readonly string[]): Result<undefined> {
    const key = this.manage(call, name, 'UntagResource', { 'aws:TagKeys': names });
    return updated(undefined, key, { tags: withoutTags(key.tags, names) });
  }

  tags(call: KmsCall, name: string, request: PageRequest): Result<Page<Tag>> {
    const key = this.manage(call, name, 'ListResourceTags');
    const tags = Object.entries(key.tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
    const orderOf = (tag: Tag) => tag.TagKey;
    const list = `tags of ${key.id}`;
    return unchanged(pageOf(tags, { list, orderOf, limitDefault: 50, limitMax: 50 }, request), key);
  }

  /**
   * Finds a key, and checks the permission and the key's state.
   *
   * @throws {KmsError} 'NotFoundException', 'AccessDeniedException', and the errors of the key's
   *   state
   */
  manage(
    call: KmsCall,
    name: string,
    operation: KeyOperation,
    values: OperationValues = {},
  ): KeyRecord {
    const key = this.#parts.finder.findById(call, name);
    this.#parts.authoriser.authorise(call, { action: operation, key, values });
    requireState(operation, key);
    return key;
  }

  #toggle(
    call: KmsCall,
    name: string,
    operation: 'EnableKey' | 'DisableKey',
    state: 'Enabled' | 'Disabled',
  ): Result<undefined> {
    const key = this.manage(call, name, operation);
    // Unavailable means that the key store is unreachable, which these calls cannot change.
    if (key.state === state || key.state === 'Unavailable') return unchanged(undefined, key);
    return updated(undefined, key, { state });
  }

  #madeOnFirstUse(call: KmsCall, name: string): Result<KeyRecord> | undefined {
    const service = /^alias\/aws\/(.+)$/.exec(name)?.[1];
    if (service === undefined || !managedServices.includes(service)) return undefined;
    if (this.#parts.journal.alias(call.accountId, name)) return undefined;
    return this.#parts.creation.createManaged(call, service);
  }
}

/** The alias that a request used, as a condition key. */
export function requestAlias(name: string): OperationValues {
  const alias = /(?:^|:)(alias\/.+)$/.exec(name)?.[1];
  return { 'kms:RequestAlias': alias };
}

function keyOrder(key: KeyRecord): string {
  return key.id;
}

function requirePolicyName(name: string | undefined): void {
  if (name === undefined || name === 'default') return;
  throw new KmsError('NotFoundException', 'No such policy exists');
}
