// The stored records of IAM: users, groups, roles, policies, access keys, passwords, MFA devices.

import type { ProviderRecord } from '../federation/provider-record.ts';
import type { WebIdentityRecord } from '../federation/web-identity-record.ts';
import type { PrincipalIds } from '../policies/principal-ids.ts';

/** A tag. Keys are compared without regard to case and stored as they were written. */
export interface TagRecord {
  readonly key: string;
  readonly value: string;
}

/** What users, groups and roles have in common. Records are immutable. */
export interface EntityRecord {
  /** `AIDA…`, `AGPA…`, `AROA…`: never reused, even if the name is. */
  readonly id: string;
  /** Unique among the entities of a kind, without regard to case. */
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly createdMs: number;
  /** ARNs of attached managed policies, in the order in which they were attached. */
  readonly attached: readonly string[];
}

/** A user. */
export interface UserRecord extends EntityRecord {
  readonly tags: readonly TagRecord[];
  /** The ARN of the permissions boundary. */
  readonly boundary?: string;
  /** Ids of the user's groups. */
  readonly groups: readonly string[];
}

/** A group of users. */
export type GroupRecord = EntityRecord;

/** A role. */
export interface RoleRecord extends EntityRecord {
  readonly tags: readonly TagRecord[];
  readonly boundary?: string;
  /** The trust policy as it was submitted. */
  readonly trust: string;
  /** The unique ids of the principals that the trust policy names, by ARN. */
  readonly trustIds?: PrincipalIds;
  readonly description?: string;
  /** 3600 to 43200 */
  readonly maxSessionSeconds: number;
  /** The service to which a service-linked role belongs: `mq.amazonaws.com`. */
  readonly service?: string;
}

/** A customer managed policy. Its versions are records of their own. */
export interface PolicyRecord {
  /** `ANPA…` */
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description?: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** The number of the version in effect. */
  readonly defaultVersion: number;
  /** The number of the next version. Numbers are not reused. */
  readonly nextVersion: number;
  readonly tags: readonly TagRecord[];
}

/** A version of a managed policy. */
export interface VersionRecord {
  /** 1 for `v1`. */
  readonly number: number;
  /** The policy as it was submitted. */
  readonly document: string;
  readonly createdMs: number;
}

/** An inline policy of a user, group or role. */
export interface InlineRecord {
  readonly name: string;
  /** The policy as it was submitted. */
  readonly document: string;
}

/** The status of an access key. */
export type KeyStatus = 'Active' | 'Inactive';

/** An access key of a user. */
export interface AccessKeyRecord {
  readonly accessKeyId: string;
  readonly userId: string;
  /** base64 */
  readonly sealedSecret: string;
  readonly status: KeyStatus;
  readonly createdMs: number;
}

/** The last use of an access key. */
export interface KeyUseRecord {
  readonly atMs: number;
  /** The signing name of the service. */
  readonly service: string;
  readonly region: string;
}

/** The password of a user. */
export interface PasswordRecord {
  readonly userId: string;
  /** See `crypto/password.ts`. */
  readonly hash: string;
  /** Hashes of earlier passwords, newest first. */
  readonly earlier: readonly string[];
  readonly createdMs: number;
  readonly changedMs: number;
  /** The last sign-in; missing if there was none. */
  readonly usedMs?: number;
  /** Whether the user must choose a new password at the next sign-in. */
  readonly mustChange: boolean;
}

/** A virtual MFA device. */
export interface DeviceRecord {
  readonly name: string;
  readonly path: string;
  readonly createdMs: number;
  /** base64 of the sealed seed */
  readonly sealedSeed: string;
  readonly tags: readonly TagRecord[];
  /** The user, or the account id for the root user; missing if the device is not assigned. */
  readonly ownerId?: string;
  readonly enabledMs?: number;
  /** The difference between the clock of the device and ours, in steps of 30 seconds. */
  readonly driftSteps: number;
  /** The step of the last accepted code; codes of this step and earlier ones are refused. */
  readonly lastStep: number;
}

/** The rules for passwords of users. */
export interface PasswordRules {
  /** 6 to 128 */
  readonly lengthMin: number;
  readonly needsSymbols: boolean;
  readonly needsNumbers: boolean;
  readonly needsUppercase: boolean;
  readonly needsLowercase: boolean;
  readonly usersMayChange: boolean;
  /** 1 to 1095; missing if passwords do not expire. */
  readonly ageDaysMax?: number;
  /** 1 to 24; missing if passwords may be reused. */
  readonly remembered?: number;
  /** Whether only an administrator can replace an expired password. */
  readonly hardExpiry?: boolean;
}

/** Settings of the account. */
export interface AccountRecord {
  readonly alias?: string;
  readonly passwordRules?: PasswordRules;
  /** Undefined if web identity tokens were never enabled. */
  readonly webIdentity?: WebIdentityRecord;
}

/** The kinds of entities that have policies. */
export type EntityKind = 'user' | 'group' | 'role';

/** The record of each kind of entity. */
export interface EntityRecords {
  readonly user: UserRecord;
  readonly group: GroupRecord;
  readonly role: RoleRecord;
}

/**
 * A change of the journal `iam`. Deleting an entity or a policy also deletes everything that
 * belongs to it.
 */
export type IamChange =
  | { readonly put: 'user'; readonly record: UserRecord }
  | { readonly put: 'group'; readonly record: GroupRecord }
  | { readonly put: 'role'; readonly record: RoleRecord }
  | { readonly put: 'policy'; readonly record: PolicyRecord }
  | { readonly put: 'version'; readonly id: string; readonly record: VersionRecord }
  | { readonly put: 'inline'; readonly id: string; readonly record: InlineRecord }
  | { readonly put: 'key'; readonly record: AccessKeyRecord }
  | { readonly put: 'key-use'; readonly id: string; readonly record: KeyUseRecord }
  | { readonly put: 'role-use'; readonly id: string; readonly record: KeyUseRecord }
  | { readonly put: 'password'; readonly record: PasswordRecord }
  | { readonly put: 'device'; readonly record: DeviceRecord }
  | { readonly put: 'oidc-provider'; readonly record: ProviderRecord }
  | { readonly put: 'account'; readonly record: AccountRecord }
  | { readonly delete: 'user' | 'group' | 'role' | 'policy'; readonly id: string }
  | { readonly delete: 'version'; readonly id: string; readonly number: number }
  | { readonly delete: 'inline'; readonly id: string; readonly name: string }
  | { readonly delete: 'key' | 'password'; readonly id: string }
  /** The id is the name of the device or of the provider. */
  | { readonly delete: 'device' | 'oidc-provider'; readonly id: string };
