// The IAM operations on tags of users, roles, policies and MFA devices.

import { required, structure } from '../../../aws/shapes/shape.ts';
import { pageOf } from '../../../identity/accounts/pages.ts';
import type { TagRecord } from '../../../identity/accounts/records.ts';
import { changed } from '../../../identity/accounts/result.ts';
import { withoutTags, withTags } from '../../../identity/accounts/tags.ts';
import { done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  existingUserName,
  nothing,
  pageInput,
  pageOutput,
  roleName,
  serialNumber,
  tagKeys,
  tags,
} from '../shapes/common.ts';
import { tagsView } from '../views.ts';

const listed = structure({ Tags: required(tags), ...pageOutput });

function listOf(
  all: readonly TagRecord[],
  request: { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined },
) {
  const page = pageOf(all, ({ key }) => key, request);
  return { output: { Tags: tagsView(page.items), ...pageMembers(page) } };
}

/** Adds tags to a user. */
export const tagUser = ({ iam }: IamParts) =>
  iamOperation('TagUser', {
    input: structure({ UserName: required(existingUserName), Tags: required(tags) }),
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, Tags }) => {
      const user = iam.users.require(UserName);
      return done(changed({ put: 'user', record: { ...user, tags: withTags(user.tags, Tags) } }));
    },
  });

/** Removes tags from a user. */
export const untagUser = ({ iam }: IamParts) =>
  iamOperation('UntagUser', {
    input: structure({ UserName: required(existingUserName), TagKeys: required(tagKeys) }),
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, TagKeys }) => {
      const user = iam.users.require(UserName);
      const kept = withoutTags(user.tags, TagKeys);
      return done(changed({ put: 'user', record: { ...user, tags: kept } }));
    },
  });

/** Lists the tags of a user. */
export const listUserTags = ({ iam }: IamParts) =>
  iamOperation('ListUserTags', {
    input: structure({ UserName: required(existingUserName), ...pageInput }),
    output: listed,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: (input) => listOf(iam.users.require(input.UserName).tags, input),
  });

/** Adds tags to a role. */
export const tagRole = ({ iam }: IamParts) =>
  iamOperation('TagRole', {
    input: structure({ RoleName: required(roleName), Tags: required(tags) }),
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, Tags }) => {
      const role = iam.roles.require(RoleName);
      return done(changed({ put: 'role', record: { ...role, tags: withTags(role.tags, Tags) } }));
    },
  });

/** Removes tags from a role. */
export const untagRole = ({ iam }: IamParts) =>
  iamOperation('UntagRole', {
    input: structure({ RoleName: required(roleName), TagKeys: required(tagKeys) }),
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, TagKeys }) => {
      const role = iam.roles.require(RoleName);
      const kept = withoutTags(role.tags, TagKeys);
      return done(changed({ put: 'role', record: { ...role, tags: kept } }));
    },
  });

/** Lists the tags of a role. */
export const listRoleTags = ({ iam }: IamParts) =>
  iamOperation('ListRoleTags', {
    input: structure({ RoleName: required(roleName), ...pageInput }),
    output: listed,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: (input) => listOf(iam.roles.require(input.RoleName).tags, input),
  });

/** Adds tags to a managed policy. */
export const tagPolicy = ({ iam }: IamParts) =>
  iamOperation('TagPolicy', {
    input: structure({ PolicyArn: required(arn), Tags: required(tags) }),
    output: nothing,
    resources: ({ PolicyArn }) => [PolicyArn],
    handle: ({ PolicyArn, Tags }) => {
      const record = iam.managed.requireOwn(PolicyArn);
      const all = withTags(record.tags, Tags);
      return done(changed({ put: 'policy', record: { ...record, tags: all } }));
    },
  });

/** Removes tags from a managed policy. */
export const untagPolicy = ({ iam }: IamParts) =>
  iamOperation('UntagPolicy', {
    input: structure({ PolicyArn: required(arn), TagKeys: required(tagKeys) }),
    output: nothing,
    resources: ({ PolicyArn }) => [PolicyArn],
    handle: ({ PolicyArn, TagKeys }) => {
      const record = iam.managed.requireOwn(PolicyArn);
      const kept = withoutTags(record.tags, TagKeys);
      return done(changed({ put: 'policy', record: { ...record, tags: kept } }));
    },
  });

/** Lists the tags of a managed policy. */
export const listPolicyTags = ({ iam }: IamParts) =>
  iamOperation('ListPolicyTags', {
    input: structure({ PolicyArn: required(arn), ...pageInput }),
    output: listed,
    resources: ({ PolicyArn }) => [PolicyArn],
    handle: (input) => listOf(iam.managed.require(input.PolicyArn).tags, input),
  });

/** Adds tags to an MFA device. */
export const tagMFADevice = ({ iam }: IamParts) =>
  iamOperation('TagMFADevice', {
    input: structure({ SerialNumber: required(serialNumber), Tags: required(tags) }),
    output: nothing,
    resources: ({ SerialNumber }) => [SerialNumber],
    handle: ({ SerialNumber, Tags }) => {
      const device = iam.devices.require(SerialNumber);
      const all = withTags(device.tags, Tags);
      return done(changed({ put: 'device', record: { ...device, tags: all } }));
    },
  });

/** Removes tags from an MFA device. */
export const untagMFADevice = ({ iam }: IamParts) =>
  iamOperation('UntagMFADevice', {
    input: structure({ SerialNumber: required(serialNumber), TagKeys: required(tagKeys) }),
    output: nothing,
    resources: ({ SerialNumber }) => [SerialNumber],
    handle: ({ SerialNumber, TagKeys }) => {
      const device = iam.devices.require(SerialNumber);
      const kept = withoutTags(device.tags, TagKeys);
      return done(changed({ put: 'device', record: { ...device, tags: kept } }));
    },
  });

/** Lists the tags of an MFA device. */
export const listMFADeviceTags = ({ iam }: IamParts) =>
  iamOperation('ListMFADeviceTags', {
    input: structure({ SerialNumber: required(serialNumber), ...pageInput }),
    output: listed,
    resources: ({ SerialNumber }) => [SerialNumber],
    handle: (input) => listOf(iam.devices.require(input.SerialNumber).tags, input),
  });
