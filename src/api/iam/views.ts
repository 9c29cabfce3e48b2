// Records of IAM in the form in which answers show them.

import type { Iam } from '../../identity/accounts/iam.ts';
import type { ManagedPolicy } from '../../identity/accounts/policies/managed-policies.ts';
import type {
  EntityRecord,
  GroupRecord,
  RoleRecord,
  TagRecord,
  UserRecord,
  VersionRecord,
} from '../../identity/accounts/records.ts';
import { shownPolicy } from '../../identity/policies/principal-ids.ts';

/** Tags with the names of their members in the API. */
export function tagsView(tags: readonly TagRecord[]) {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** Encodes a policy document as IAM returns it. @see RFC 3986, 2.1 */
export function encodedDocument(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function boundaryView(boundary: string | undefined) {
  if (boundary === undefined) return {};
  return {
    PermissionsBoundary: {
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: boundary,
    },
  };
}

/** A user, with everything that GetUser shows. */
export function userView(iam: Iam, user: UserRecord) {
  return {
    ...listedUserView(iam, user),
    ...boundaryView(user.boundary),
    ...(user.tags.length > 0 && { Tags: tagsView(user.tags) }),
  };
}

/** A user as lists show it. */
export function listedUserView(iam: Iam, user: UserRecord) {
  const { usedMs } = iam.passwords.find(user) ?? {};
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: iam.arnOf('user', user),
    CreateDate: user.createdMs,
    ...(usedMs !== undefined && { PasswordLastUsed: usedMs }),
  };
}

/** A group. */
export function groupView(iam: Iam, group: GroupRecord) {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: iam.arnOf('group', group),
    CreateDate: group.createdMs,
  };
}

/** A role, with everything that GetRole shows. */
export function roleView(iam: Iam, role: RoleRecord) {
  return {
    ...listedRoleView(iam, role),
    ...boundaryView(role.boundary),
    ...(role.tags.length > 0 && { Tags: tagsView(role.tags) }),
    RoleLastUsed: lastUsedView(iam, role),
  };
}

/** A role as lists show it. */
export function listedRoleView(iam: Iam, role: RoleRecord) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: iam.arnOf('role', role),
    CreateDate: role.createdMs,
    AssumeRolePolicyDocument: encodedDocument(
      shownPolicy(role.trust, role.trustIds, iam.principals),
    ),
    ...(role.description !== undefined && { Description: role.description }),
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

function lastUsedView(iam: Iam, role: RoleRecord) {
  const use = iam.journal.lastUseOfRole(role.id);
  return use ? { LastUsedDate: use.atMs, Region: use.region } : {};
}

/** A managed policy, with everything that GetPolicy shows. */
export function policyView(iam: Iam, policy: ManagedPolicy) {
  return {
    ...listedPolicyView(iam, policy),
    ...(policy.description !== undefined && { Description: policy.description }),
    ...(policy.tags.length > 0 && { Tags: tagsView(policy.tags) }),
  };
}

/** A managed policy as lists show it. */
export function listedPolicyView(iam: Iam, policy: ManagedPolicy) {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: `v${policy.defaultVersion}`,
    AttachmentCount: iam.managed.attachmentCount(policy.arn),
    PermissionsBoundaryUsageCount: iam.managed.boundaryCount(policy.arn),
    IsAttachable: policy.isAttachable,
    CreateDate: policy.createdMs,
    UpdateDate: policy.updatedMs,
  };
}

/** A version of a managed policy, without its document. */
export function versionView(version: VersionRecord, defaultVersion: number) {
  return {
    VersionId: `v${version.number}`,
    IsDefaultVersion: version.number === defaultVersion,
    CreateDate: version.createdMs,
  };
}

/** Managed policies as they are attached to an entity. */
export function attachedView(policies: readonly ManagedPolicy[]) {
  return policies.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn }));
}

function inlineView(iam: Iam, { id }: EntityRecord) {
  return [...iam.journal.inlineOf(id)].map(({ name, document }) => ({
    PolicyName: name,
    PolicyDocument: encodedDocument(document),
  }));
}

/** A user with its policies. */
export function userDetailView(iam: Iam, user: UserRecord) {
  return {
    ...listedUserView(iam, user),
    UserPolicyList: inlineView(iam, user),
    GroupList: iam.groups.allOf(user).map(({ name }) => name),
    AttachedManagedPolicies: attachedView(iam.attachments.of(user)),
    ...boundaryView(user.boundary),
    Tags: tagsView(user.tags),
  };
}

/** A group with its policies. */
export function groupDetailView(iam: Iam, group: GroupRecord) {
  return {
    ...groupView(iam, group),
    GroupPolicyList: inlineView(iam, group),
    AttachedManagedPolicies: attachedView(iam.attachments.of(group)),
  };
}

/** A role with its policies. */
export function roleDetailView(iam: Iam, role: RoleRecord) {
  return {
    ...listedRoleView(iam, role),
    InstanceProfileList: [],
    RolePolicyList: inlineView(iam, role),
    AttachedManagedPolicies: attachedView(iam.attachments.of(role)),
    ...boundaryView(role.boundary),
    Tags: tagsView(role.tags),
    RoleLastUsed: lastUsedView(iam, role),
  };
}

/** A managed policy with its versions. */
export function policyDetailView(iam: Iam, policy: ManagedPolicy) {
  return {
    ...listedPolicyView(iam, policy),
    ...(policy.description !== undefined && { Description: policy.description }),
    PolicyVersionList: iam.managed.versionsOf(policy).map((version) => ({
      Document: encodedDocument(version.document),
      ...versionView(version, policy.defaultVersion),
    })),
  };
}
