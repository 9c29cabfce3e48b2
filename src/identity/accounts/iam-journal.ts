// The state of IAM, as a journal.

import { unreachable } from '../../base/assert.ts';
import type { Journal } from '../../storage/journal.ts';
import type { ProviderRecord } from '../federation/provider-record.ts';
import { NamedRecords } from './named-records.ts';
import type {
  AccessKeyRecord,
  AccountRecord,
  DeviceRecord,
  EntityKind,
  EntityRecord,
  EntityRecords,
  GroupRecord,
  IamChange,
  InlineRecord,
  KeyUseRecord,
  PasswordRecord,
  PolicyRecord,
  RoleRecord,
  UserRecord,
  VersionRecord,
} from './records.ts';
import { SetsByKey } from './sets-by-key.ts';

type Put = Extract<IamChange, { put: unknown }>;
type Delete = Extract<IamChange, { delete: unknown }>;

/** The state is built from the changes in the system log. Records are immutable. */
export class IamJournal implements Journal<IamChange> {
  readonly name = 'iam';
  readonly users = new NamedRecords<UserRecord>();
  readonly groups = new NamedRecords<GroupRecord>();
  readonly roles = new NamedRecords<RoleRecord>();
  readonly policies = new NamedRecords<PolicyRecord>();
  /** Versions by policy id and number. */
  readonly #versions = new Map<string, Map<number, VersionRecord>>();
  /** Inline policies by the id of their entity and by name. */
  readonly #inline = new Map<string, Map<string, InlineRecord>>();
  readonly #keys = new Map<string, AccessKeyRecord>();
  readonly #keyUses = new Map<string, KeyUseRecord>();
  readonly #roleUses = new Map<string, KeyUseRecord>();
  readonly #passwords = new Map<string, PasswordRecord>();
  /** By lower-case name. */
  readonly #devices = new Map<string, DeviceRecord>();
  /** OIDC providers by name. */
  readonly #providers = new Map<string, ProviderRecord>();
  #account: AccountRecord = {};
  /** Ids of entities by the ARN of an attached policy, and of a permissions boundary. */
  readonly #attachedTo = new SetsByKey();
  readonly #boundedBy = new SetsByKey();
  readonly #members = new SetsByKey();
  readonly #keysOf = new SetsByKey();
  readonly #devicesOf = new SetsByKey();
  #policyChangeCount = 0;

  /** The number of changes so far that may concern policies, for caches of compiled policies. */
  get policyChangeCount(): number {
    return this.#policyChangeCount;
  }

  apply(change: IamChange): void {
    if (concernsPolicies.has('put' in change ? change.put : change.delete)) {
      this.#policyChangeCount += 1;
    }
    if ('put' in change) this.#put(change);
    else this.#delete(change);
  }

  *snapshot(): Iterable<IamChange> {
    yield { put: 'account', record: this.#account };
    for (const record of this.policies.values()) yield { put: 'policy', record };
    for (const [id, versions] of this.#versions) {
      for (const record of versions.values()) yield { put: 'version', id, record };
    }
    for (const record of this.groups.values()) yield { put: 'group', record };
    for (const record of this.users.values()) yield { put: 'user', record };
    for (const record of this.roles.values()) yield { put: 'role', record };
    for (const [id, policies] of this.#inline) {
      for (const record of policies.values()) yield { put: 'inline', id, record };
    }
    for (const record of this.#keys.values()) yield { put: 'key', record };
    for (const [id, record] of this.#keyUses) yield { put: 'key-use', id, record };
    for (const [id, record] of this.#roleUses) yield { put: 'role-use', id, record };
    yield* this.#signInSnapshot();
  }

  /** Returns the records of passwords, MFA devices and identity providers. */
  *#signInSnapshot(): Iterable<IamChange> {
    for (const record of this.#passwords.values()) yield { put: 'password', record };
    for (const record of this.#devices.values()) yield { put: 'device', record };
    for (const record of this.#providers.values()) yield { put: 'oidc-provider', record };
  }

  /** The entities of one kind. */
  entities<K extends EntityKind>(kind: K): NamedRecords<EntityRecords[K]> {
    const all = { user: this.users, group: this.groups, role: this.roles };
    // The kind selects the records of its own type.
    return all[kind] as NamedRecords<EntityRecord> as NamedRecords<EntityRecords[K]>;
  }

  version(policyId: string, number: number): VersionRecord | undefined {
    return this.#versions.get(policyId)?.get(number);
  }

  /** The versions of a policy, oldest first. */
  versionsOf(policyId: string): Iterable<VersionRecord> {
    return this.#versions.get(policyId)?.values() ?? [];
  }

  inline(entityId: string, name: string): InlineRecord | undefined {
    return this.#inline.get(entityId)?.get(name);
  }

  /** The inline policies of an entity. */
  inlineOf(entityId: string): Iterable<InlineRecord> {
    return this.#inline.get(entityId)?.values() ?? [];
  }

  accessKey(accessKeyId: string): AccessKeyRecord | undefined {
    return this.#keys.get(accessKeyId);
  }

  /** The access keys of a user, oldest first. */
  accessKeysOf(userId: string): readonly AccessKeyRecord[] {
    return [...this.#keysOf.of(userId)].flatMap((id) => this.#keys.get(id) ?? []);
  }

  /** The last use of an access key, of a user or of the root user. */
  lastUse(accessKeyId: string): KeyUseRecord | undefined {
    return this.#keyUses.get(accessKeyId);
  }

  lastUseOfRole(roleId: string): KeyUseRecord | undefined {
    return this.#roleUses.get(roleId);
  }

  password(userId: string): PasswordRecord | undefined {
    return this.#passwords.get(userId);
  }

  device(name: string): DeviceRecord | undefined {
    return this.#devices.get(name.toLowerCase());
  }

  devices(): Iterable<DeviceRecord> {
    return this.#devices.values();
  }

  get deviceCount(): number {
    return this.#devices.size;
  }

  /** The MFA devices of a user, or of the root user, whose id is that of the account. */
  devicesOf(ownerId: string): readonly DeviceRecord[] {
    return [...this.#devicesOf.of(ownerId)].flatMap((name) => this.#devices.get(name) ?? []);
  }

  /** The OIDC provider with a name. */
  provider(name: string): ProviderRecord | undefined {
    return this.#providers.get(name);
  }

  /** All OIDC providers. */
  providers(): Iterable<ProviderRecord> {
    return this.#providers.values();
  }

  get providerCount(): number {
    return this.#providers.size;
  }

  get account(): AccountRecord {
    return this.#account;
  }

  /** The ids of the entities that a managed policy is attached to. */
  attachedTo(policyArn: string): ReadonlySet<string> {
    return this.#attachedTo.of(policyArn);
  }

  /** The ids of the users and roles whose permissions boundary a policy is. */
  boundedBy(policyArn: string): ReadonlySet<string> {
    return this.#boundedBy.of(policyArn);
  }

  /** The ids of the users in a group. */
  membersOf(groupId: string): ReadonlySet<string> {
    return this.#members.of(groupId);
  }

  #put(change: Put): void {
    switch (change.put) {
      case 'user':
        this.#members.move(
          change.record.id,
          this.users.byId(change.record.id)?.groups ?? [],
          change.record.groups,
        );
        this.#putEntity(this.users, change.record);
        return;
      case 'group':
        this.#putEntity(this.groups, change.record);
        return;
      case 'role':
        this.#putEntity(this.roles, change.record);
        return;
      case 'policy':
        this.policies.put(change.record);
        return;
      case 'version':
        within(this.#versions, change.id).set(change.record.number, change.record);
        return;
      case 'inline':
        within(this.#inline, change.id).set(change.record.name, change.record);
        return;
      default:
        this.#putCredential(change);
    }
  }

  #putCredential(
    change: Exclude<Put, { put: EntityKind | 'policy' | 'version' | 'inline' }>,
  ): void {
    switch (change.put) {
      case 'key':
        this.#putKey(change.record);
        return;
      case 'key-use':
        this.#keyUses.set(change.id, change.record);
        return;
      case 'role-use':
        this.#roleUses.set(change.id, change.record);
        return;
      case 'password':
        this.#passwords.set(change.record.userId, change.record);
        return;
      case 'device':
        this.#putDevice(change.record);
        return;
      case 'oidc-provider':
        this.#providers.set(change.record.name, change.record);
        return;
      case 'account':
        this.#account = change.record;
        return;
      default:
        unreachable(change);
    }
  }

  #putEntity<R extends EntityRecord & { readonly boundary?: string }>(
    records: NamedRecords<R>,
    record: R,
  ): void {
    this.#indexPolicies(record.id, records.byId(record.id), record);
    records.put(record);
  }

  #indexPolicies(
    id: string,
    before: (EntityRecord & { readonly boundary?: string }) | undefined,
    after: (EntityRecord & { readonly boundary?: string }) | undefined,
  ): void {
    this.#attachedTo.move(id, before?.attached ?? [], after?.attached ?? []);
    this.#boundedBy.move(id, listOf(before?.boundary), listOf(after?.boundary));
  }

  #putKey(key: AccessKeyRecord): void {
    const { accessKeyId: id, userId } = key;
    this.#keysOf.move(id, listOf(this.#keys.get(id)?.userId), [userId]);
    this.#keys.set(id, key);
  }

  #putDevice(device: DeviceRecord): void {
    const name = device.name.toLowerCase();
    const before = this.#devices.get(name);
    this.#devicesOf.move(name, listOf(before?.ownerId), listOf(device.ownerId));
    this.#devices.set(name, device);
  }

  #delete(change: Delete): void {
    switch (change.delete) {
      case 'user':
        this.#deleteUser(change.id);
        return;
      case 'group':
      case 'role':
        this.#deleteEntity(change.delete, change.id);
        return;
      case 'policy':
        this.policies.delete(change.id);
        this.#versions.delete(change.id);
        return;
      case 'version':
        this.#deleteVersion(change.id, change.number);
        return;
      case 'inline':
        this.#deleteInline(change.id, change.name);
        return;
      case 'key':
        this.#deleteKey(change.id);
        return;
      case 'password':
        this.#passwords.delete(change.id);
        return;
      case 'device':
        this.#devicesOf.move(change.id.toLowerCase(), listOf(this.device(change.id)?.ownerId), []);
        this.#devices.delete(change.id.toLowerCase());
        return;
      case 'oidc-provider':
        this.#providers.delete(change.id);
        return;
      default:
        unreachable(change);
    }
  }

  #deleteUser(id: string): void {
    this.#members.move(id, this.users.byId(id)?.groups ?? [], []);
    for (const key of this.accessKeysOf(id)) this.#deleteKey(key.accessKeyId);
    this.#passwords.delete(id);
    this.#deleteEntity('user', id);
  }

  #deleteEntity(kind: EntityKind, id: string): void {
    const records = this.entities(kind);
    this.#indexPolicies(id, records.byId(id), undefined);
    records.delete(id);
    this.#inline.delete(id);
    if (kind === 'role') this.#roleUses.delete(id);
  }

  #deleteVersion(id: string, number: number): void {
    const versions = this.#versions.get(id);
    versions?.delete(number);
    if (versions?.size === 0) this.#versions.delete(id);
  }

  #deleteInline(id: string, name: string): void {
    const policies = this.#inline.get(id);
    policies?.delete(name);
    if (policies?.size === 0) this.#inline.delete(id);
  }

  #deleteKey(accessKeyId: string): void {
    const key = this.#keys.get(accessKeyId);
    if (key) this.#keysOf.delete(key.userId, accessKeyId);
    this.#keys.delete(accessKeyId);
    this.#keyUses.delete(accessKeyId);
  }
}

const concernsPolicies: ReadonlySet<string> = new Set([
  'user',
  'group',
  'role',
  'policy',
  'version',
  'inline',
]);

function within<K, V>(maps: Map<string, Map<K, V>>, id: string): Map<K, V> {
  const known = maps.get(id);
  if (known) return known;
  const made = new Map<K, V>();
  maps.set(id, made);
  return made;
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}
