// The counts and quotas of the account.

import type { Iam } from '../iam.ts';
import { quotas } from '../quotas.ts';

/** Returns the counts and quotas under the names of GetAccountSummary. */
export function accountSummary(
  { journal, accountId }: Pick<Iam, 'journal' | 'accountId'>,
  rootAccessKeyCount: number,
): Readonly<Record<string, number>> {
  let versionCount = 0;
  for (const { id } of journal.policies.values()) {
    for (const _ of journal.versionsOf(id)) versionCount += 1;
  }
  const inUse = [...journal.devices()].filter(({ ownerId }) => ownerId !== undefined).length;
  return {
    Users: journal.users.count,
    UsersQuota: quotas.usersPerAccount,
    Groups: journal.groups.count,
    GroupsQuota: quotas.groupsPerAccount,
    Roles: journal.roles.count,
    RolesQuota: quotas.rolesPerAccount,
    Policies: journal.policies.count,
    PoliciesQuota: quotas.policiesPerAccount,
    PolicySizeQuota: quotas.managedPolicySize,
    PolicyVersionsInUse: versionCount,
    PolicyVersionsInUseQuota: quotas.policiesPerAccount * quotas.versionsPerPolicy,
    VersionsPerPolicyQuota: quotas.versionsPerPolicy,
    UserPolicySizeQuota: quotas.inlinePolicySize.user,
    GroupPolicySizeQuota: quotas.inlinePolicySize.group,
    RolePolicySizeQuota: quotas.inlinePolicySize.role,
    AssumeRolePolicySizeQuota: quotas.trustPolicySize,
    AttachedPoliciesPerUserQuota: quotas.attachedPerEntity,
    AttachedPoliciesPerGroupQuota: quotas.attachedPerEntity,
    AttachedPoliciesPerRoleQuota: quotas.attachedPerEntity,
    GroupsPerUserQuota: quotas.groupsPerUser,
    AccessKeysPerUserQuota: quotas.accessKeysPerUser,
    MFADevices: journal.deviceCount,
    MFADevicesInUse: inUse,
    AccountMFAEnabled: journal.devicesOf(accountId()).length > 0 ? 1 : 0,
    AccountAccessKeysPresent: rootAccessKeyCount > 0 ? 1 : 0,
    AccountPasswordPresent: 0,
    AccountSigningCertificatesPresent: 0,
    SigningCertificatesPerUserQuota: 0,
    ServerCertificates: 0,
    ServerCertificatesQuota: 0,
    InstanceProfiles: 0,
    InstanceProfilesQuota: 0,
    Providers: journal.providerCount,
    GlobalEndpointTokenVersion: 2,
  };
}
