import type { Authoriser } from './access/authoriser.ts';
import { readKeyPolicy } from './access/key-policies.ts';
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

/** Services that have a key of their own in each account, made when it is first asked for. */
export const managedServices: readonly string[] = ['mq'];

interface Parts {
  readonly journal: KmsJournal;
  readonly finder: KeyFinder;
  readonly authoriser: Authoriser;
  readonly creation: KeyCreation;
  readonly tokens: GrantTokens;
}

/**
 * Keys and what is kept of them: state, policy, description, tags.
 *
 * Nothing here changes anything: every operation says what would, and the caller commits it.
 */
export class Keys {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Makes a key. @see KeyCreation.create */
  create(call: KmsCall, request: KeyRequest): Result<KeyRecord> {
    return this.#parts.creation.create(call, request);
  }

  /**
   * Finds a key. Asked for by its alias, a key that AWS manages is made where there is none yet.
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
   * Those keys, of all that a call names, which are there for its caller to see; nobody is asked
   * whether the call may use them.
   */
  named(call: KmsCall, names: readonly string[]): readonly KeyRecord[] {
    const found = new Set<KeyRecord>();
    for (const name of names) {
      try {
        found.add(this.#parts.finder.find(call, name));
      } catch (error) {
        // A name of nothing is no reason to fail: the call itself has been told.
        if (!(error instanceof KmsError)) throw error;
      }
    }
    return [...found];
  }

  /** The account's keys in every state; a service sees those that services own. */
  list(call: KmsCall, request: PageRequest): Result<Page<KeyRecord>> {
    const accountId = isServiceCall(call) ? serviceAccountId : call.accountId;
    const keys = [...this.#parts.journal.keys()].filter((key) => key.accountId === accountId);
    const paging = { list: 'keys', orderOf: keyOrder, limitDefault: 100, limitMax: 1000 };
    return unchanged(pageOf(keys, paging, request));
  }

  /** Lets a disabled key be used again. */
  enable(call: KmsCall, name: string): Result<undefined> {
    return this.#toggle(call, name, 'EnableKey', 'Enabled');
  }

  /** Keeps a key from being used, until it is enabled again. */
  disable(call: KmsCall, name: string): Result<undefined> {
    return this.#toggle(call, name, 'DisableKey', 'Disabled');
  }

  /**
   * Sets the date at which a key is deleted; until then it cannot be used.
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

  /** Keeps a key from being deleted. It is disabled then, whatever it was before. */
  cancelDeletion(call: KmsCall, name: string): Result<KeyRecord> {
    const key = this.manage(call, name, 'CancelKeyDeletion');
    const { deletionMs: _, ...kept } = key;
    const awaitsMaterial = key.origin === 'EXTERNAL' && key.materials.length === 0;
    const saved: KeyRecord = { ...kept, state: awaitsMaterial ? 'PendingImport' : 'Disabled' };
    return { output: key, changes: [{ put: 'key', key: saved }], keys: [key] };
  }

  /** The key's deletion, where it is due. */
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
    return unchanged(key.policy, key);
  }

  /**
   * Replaces a key's policy.
   *
   * @param bypass true lets the caller lock itself out
   * @throws {KmsError} 'MalformedPolicyDocumentException', 'LimitExceededException'
   */
  putPolicy(
    call: KmsCall,
    request: { KeyId: string; Policy: string; PolicyName?: string | undefined },
    bypass: boolean,
  ): Result<undefined> {
    const key = this.manage(call, request.KeyId, 'PutKeyPolicy', {
      'kms:BypassPolicyLockoutSafetyCheck': String(bypass),
    });
    requirePolicyName(request.PolicyName);
    const replaced = { ...key, policy: request.Policy };
    readKeyPolicy(replaced.policy);
    if (!bypass) requireNoLockout(this.#parts.authoriser, call, replaced);
    return { output: undefined, changes: [{ put: 'key', key: replaced }], keys: [key] };
  }

  /** A key's policies: there is one, `default`. */
  policyNames(call: KmsCall, name: string, request: PageRequest): Result<Page<string>> {
    const key = this.manage(call, name, 'ListKeyPolicies');
    const orderOf = (policyName: string) => policyName;
    const list = `policies of ${key.id}`;
    const paging = { list, orderOf, limitDefault: 100, limitMax: 1000 };
    return unchanged(pageOf(['default'], paging, request), key);
  }

  tag(call: KmsCall, name: string, tags: readonly Tag[]): Result<undefined> {
    const key = this.manage(call, name, 'TagResource');
    return updated(undefined, key, { tags: withTags(key.tags, tags) });
  }

  untag(call: KmsCall, name: string, names: readonly string[]): Result<undefined> {
    const key = this.manage(call, name, 'UntagResource');
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
   * The key, where the caller may do this to it and its state allows it.
   *
   * @throws {KmsError} 'NotFoundException', 'AccessDeniedException', and what the state forbids
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
    // Unavailable means that the key's store cannot be reached, which neither call can change.
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

/** The alias by which a key was asked for, as conditions may look at it. */
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
