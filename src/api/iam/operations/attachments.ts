// The IAM operations on attached managed policies and permissions boundaries.

import { required, structure } from '../../../aws/shapes/shape.ts';
import type { EntityRecord } from '../../../identity/accounts/records.ts';
import { done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  attachedPolicies,
  existingUserName,
  groupName,
  nothing,
  pageInput,
  pageOutput,
  policyPath,
  roleName,
} from '../shapes/common.ts';
import { attachedView } from '../views.ts';

const listed = structure({ AttachedPolicies: attachedPolicies, ...pageOutput });

function listOf(
  { iam }: IamParts,
  entity: EntityRecord,
  request: Parameters<IamParts['iam']['attachments']['list']>[1],
) {
  const page = iam.attachments.list(entity, request);
  return { output: { AttachedPolicies: attachedView(page.items), ...pageMembers(page) } };
}

const listInput = { PathPrefix: policyPath, ...pageInput } as const;
const ofUser = structure({ UserName: required(existingUserName), PolicyArn: required(arn) });
const ofGroup = structure({ GroupName: required(groupName), PolicyArn: required(arn) });
const ofRole = structure({ RoleName: required(roleName), PolicyArn: required(arn) });

/** Attaches a managed policy to a user. */
export const attachUserPolicy = ({ iam }: IamParts) =>
  iamOperation('AttachUserPolicy', {
    input: ofUser,
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, PolicyArn }) =>
      done(iam.attachments.attach('user', iam.users.require(UserName), PolicyArn)),
  });

/** Detaches a managed policy from a user. */
export const detachUserPolicy = ({ iam }: IamParts) =>
  iamOperation('DetachUserPolicy', {
    input: ofUser,
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, PolicyArn }) =>
      done(iam.attachments.detach('user', iam.users.require(UserName), PolicyArn)),
  });

/** Lists the managed policies that are attached to a user. */
export const listAttachedUserPolicies = (parts: IamParts) =>
  iamOperation('ListAttachedUserPolicies', {
    input: structure({ UserName: required(existingUserName), ...listInput }),
    output: listed,
    resources: ({ UserName }) => [parts.iam.arnNamed('user', UserName)],
    handle: (input) => listOf(parts, parts.iam.users.require(input.UserName), input),
  });

/** Attaches a managed policy to a group. */
export const attachGroupPolicy = ({ iam }: IamParts) =>
  iamOperation('AttachGroupPolicy', {
    input: ofGroup,
    output: nothing,
    resources: ({ GroupName }) => [iam.arnNamed('group', GroupName)],
    handle: ({ GroupName, PolicyArn }) =>
      done(iam.attachments.attach('group', iam.groups.require(GroupName), PolicyArn)),
  });

/** Detaches a managed policy from a group. */
export const detachGroupPolicy = ({ iam }: IamParts) =>
  iamOperation('DetachGroupPolicy', {
    input: ofGroup,
    output: nothing,
    resources: ({ GroupName }) => [iam.arnNamed('group', GroupName)],
    handle: ({ GroupName, PolicyArn }) =>
      done(iam.attachments.detach('group', iam.groups.require(GroupName), PolicyArn)),
  });

/** Lists the managed policies that are attached to a group. */
export const listAttachedGroupPolicies = (parts: IamParts) =>
  iamOperation('ListAttachedGroupPolicies', {
    input: structure({ GroupName: required(groupName), ...listInput }),
    output: listed,
    resources: ({ GroupName }) => [parts.iam.arnNamed('group', GroupName)],
    handle: (input) => listOf(parts, parts.iam.groups.require(input.GroupName), input),
  });

/** Attaches a managed policy to a role. */
export const attachRolePolicy = ({ iam }: IamParts) =>
  iamOperation('AttachRolePolicy', {
    input: ofRole,
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, PolicyArn }) =>
      done(iam.attachments.attach('role', iam.roles.requireOwn(RoleName), PolicyArn)),
  });

/** Detaches a managed policy from a role. */
export const detachRolePolicy = ({ iam }: IamParts) =>
  iamOperation('DetachRolePolicy', {
    input: ofRole,
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, PolicyArn }) =>
      done(iam.attachments.detach('role', iam.roles.requireOwn(RoleName), PolicyArn)),
  });

/** Lists the managed policies that are attached to a role. */
export const listAttachedRolePolicies = (parts: IamParts) =>
  iamOperation('ListAttachedRolePolicies', {
    input: structure({ RoleName: required(roleName), ...listInput }),
    output: listed,
    resources: ({ RoleName }) => [parts.iam.arnNamed('role', RoleName)],
    handle: (input) => listOf(parts, parts.iam.roles.require(input.RoleName), input),
  });

/** Limits a user by a managed policy. */
export const putUserPermissionsBoundary = ({ iam }: IamParts) =>
  iamOperation('PutUserPermissionsBoundary', {
    input: structure({
      UserName: required(existingUserName),
      PermissionsBoundary: required(arn),
    }),
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName, PermissionsBoundary }) =>
      done(iam.attachments.setBoundary('user', iam.users.require(UserName), PermissionsBoundary)),
  });

/** Removes the permissions boundary of a user. */
export const deleteUserPermissionsBoundary = ({ iam }: IamParts) =>
  iamOperation('DeleteUserPermissionsBoundary', {
    input: structure({ UserName: required(existingUserName) }),
    output: nothing,
    resources: ({ UserName }) => [iam.arnNamed('user', UserName)],
    handle: ({ UserName }) =>
      done(iam.attachments.removeBoundary('user', iam.users.require(UserName))),
  });

/** Limits a role by a managed policy. */
export const putRolePermissionsBoundary = ({ iam }: IamParts) =>
  iamOperation('PutRolePermissionsBoundary', {
    input: structure({ RoleName: required(roleName), PermissionsBoundary: required(arn) }),
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, PermissionsBoundary }) =>
      done(
        iam.attachments.setBoundary('role', iam.roles.requireOwn(RoleName), PermissionsBoundary),
      ),
  });

/** Removes the permissions boundary of a role. */
export const deleteRolePermissionsBoundary = ({ iam }: IamParts) =>
  iamOperation('DeleteRolePermissionsBoundary', {
    input: structure({ RoleName: required(roleName) }),
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName }) =>
      done(iam.attachments.removeBoundary('role', iam.roles.requireOwn(RoleName))),
  });
