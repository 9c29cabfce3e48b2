// What a user has that IAM does not delete with the user.

import {
  DeactivateMFADeviceCommand,
  DeleteAccessKeyCommand,
  DeleteLoginProfileCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  DeleteVirtualMFADeviceCommand,
  DetachUserPolicyCommand,
  GetLoginProfileCommand,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListMFADevicesCommand,
  ListUserPoliciesCommand,
  RemoveUserFromGroupCommand,
} from '@aws-sdk/client-iam';
import { printable } from '../parts/printable.ts';
import { deletionStep } from './deletion-step.ts';
import { iam } from './iam-calls.ts';

/** What is deleted before a user, by the names of IAM. */
export interface Belongings {
  readonly hasPassword: boolean;
  readonly accessKeys: readonly string[];
  /** Serial numbers. */
  readonly devices: readonly string[];
  readonly groups: readonly string[];
  readonly attached: readonly { readonly arn: string; readonly name: string }[];
  /** Names of inline policies. */
  readonly inline: readonly string[];
}

/** Reads what a user has. The quotas of IAM keep each of these lists on one page. */
export async function belongingsOf(UserName: string): Promise<Belongings> {
  const [hasPassword, keys, devices, groups, attached, inline] = await Promise.all([
    isPasswordSet(UserName),
    iam().send(new ListAccessKeysCommand({ UserName })),
    iam().send(new ListMFADevicesCommand({ UserName })),
    iam().send(new ListGroupsForUserCommand({ UserName })),
    iam().send(new ListAttachedUserPoliciesCommand({ UserName })),
    iam().send(new ListUserPoliciesCommand({ UserName })),
  ]);
  return {
    hasPassword,
    accessKeys: (keys.AccessKeyMetadata ?? []).map(({ AccessKeyId = '' }) => AccessKeyId),
    devices: (devices.MFADevices ?? []).map(({ SerialNumber = '' }) => SerialNumber),
    groups: (groups.Groups ?? []).map(({ GroupName = '' }) => GroupName),
    attached: (attached.AttachedPolicies ?? []).map(({ PolicyArn = '', PolicyName = '' }) => {
      return { arn: PolicyArn, name: PolicyName };
    }),
    inline: inline.PolicyNames ?? [],
  };
}

async function isPasswordSet(UserName: string): Promise<boolean> {
  try {
    await iam().send(new GetLoginProfileCommand({ UserName }));
    return true;
  } catch (error) {
    if (error instanceof Error && /NoSuchEntity/.test(error.name)) return false;
    throw error;
  }
}

/**
 * Deletes a user with what the person has seen of it. Credentials are first: without a policy that denies
 * something, they would allow more. The password is before the devices, so that it never suffices alone.
 *
 * @throws {Error} with the name that the service gave the first refusal. Nothing is deleted after it
 */
export async function deleteUser(UserName: string, has: Belongings): Promise<void> {
  if (has.hasPassword) {
    await deletionStep('The password', () =>
      iam().send(new DeleteLoginProfileCommand({ UserName })),
    );
  }
  for (const AccessKeyId of has.accessKeys) {
    const command = new DeleteAccessKeyCommand({ UserName, AccessKeyId });
    await deletionStep(`The access key ${AccessKeyId}`, () => iam().send(command));
  }
  for (const SerialNumber of has.devices) {
    await deletionStep(`The MFA device ${SerialNumber}`, async () => {
      await iam().send(new DeactivateMFADeviceCommand({ UserName, SerialNumber }));
      await iam().send(new DeleteVirtualMFADeviceCommand({ SerialNumber }));
    });
  }
  for (const GroupName of has.groups) {
    const command = new RemoveUserFromGroupCommand({ UserName, GroupName });
    await deletionStep(`The membership of ${printable(GroupName)}`, () => iam().send(command));
  }
  for (const { arn: PolicyArn, name } of has.attached) {
    const command = new DetachUserPolicyCommand({ UserName, PolicyArn });
    await deletionStep(`The attachment of ${printable(name)}`, () => iam().send(command));
  }
  for (const PolicyName of has.inline) {
    const command = new DeleteUserPolicyCommand({ UserName, PolicyName });
    await deletionStep(`The inline policy ${printable(PolicyName)}`, () => iam().send(command));
  }
  await deletionStep(`The user ${printable(UserName)}`, () =>
    iam().send(new DeleteUserCommand({ UserName })),
  );
}
