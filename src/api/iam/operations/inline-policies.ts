// The IAM operations on inline policies of users, groups and roles.

import { list, required, string, structure } from '../../../aws/shapes/shape.ts';
import type { EntityKind, EntityRecord } from '../../../identity/accounts/records.ts';
import { done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  existingUserName,
  groupName,
  newPolicyName,
  nothing,
  pageInput,
  pageOutput,
  policyDocument,
  policyName,
  roleName,
} from '../shapes/common.ts';
import { encodedDocument } from '../views.ts';

const names = list(policyName);

/** The entity that a request names, and the ARN that permissions are checked on. */
function entityOf({ iam }: IamParts, kind: EntityKind, name: string): EntityRecord {
  return iam[`${kind}s`].require(name);
}

function put(parts: IamParts, kind: EntityKind, name: string, policy: string, document: string) {
  const entity = kind === 'role' ? parts.iam.roles.requireOwn(name) : entityOf(parts, kind, name);
  return done(parts.iam.inline.put(kind, entity, { name: policy, document }));
}

function get(parts: IamParts, kind: EntityKind, name: string, policy: string) {
  const found = parts.iam.inline.require(kind, entityOf(parts, kind, name), policy);
  return { PolicyName: found.name, PolicyDocument: encodedDocument(found.document) };
}

function remove(parts: IamParts, kind: EntityKind, name: string, policy: string) {
  const entity = kind === 'role' ? parts.iam.roles.requireOwn(name) : entityOf(parts, kind, name);
  return done(parts.iam.inline.delete(kind, entity, policy));
}

function listOf(
  parts: IamParts,
  kind: EntityKind,
  name: string,
  request: { readonly Marker?: string | undefined; readonly MaxItems?: number | undefined },
) {
  const page = parts.iam.inline.list(entityOf(parts, kind, name), request);
  return { output: { PolicyNames: page.items.map((each) => each.name), ...pageMembers(page) } };
}

const listed = structure({ PolicyNames: required(names), ...pageOutput });

/** Adds or replaces an inline policy of a user. */
export const putUserPolicy = (parts: IamParts) =>
  iamOperation('PutUserPolicy', {
    input: structure({
      UserName: required(existingUserName),
      PolicyName: required(newPolicyName),
      PolicyDocument: required(policyDocument),
    }),
    output: nothing,
    resources: ({ UserName }) => [parts.iam.arnNamed('user', UserName)],
    handle: (input) => put(parts, 'user', input.UserName, input.PolicyName, input.PolicyDocument),
  });

/** Returns an inline policy of a user. */
export const getUserPolicy = (parts: IamParts) =>
  iamOperation('GetUserPolicy', {
    input: structure({
      UserName: required(existingUserName),
      PolicyName: required(policyName),
    }),
    output: structure({
      UserName: required(existingUserName),
      PolicyName: required(policyName),
      PolicyDocument: required(string()),
    }),
    resources: ({ UserName }) => [parts.iam.arnNamed('user', UserName)],
    handle: ({ UserName, PolicyName }) => ({
      output: { UserName, ...get(parts, 'user', UserName, PolicyName) },
    }),
  });

/** Lists the names of the inline policies of a user. */
export const listUserPolicies = (parts: IamParts) =>
  iamOperation('ListUserPolicies', {
    input: structure({ UserName: required(existingUserName), ...pageInput }),
    output: listed,
    resources: ({ UserName }) => [parts.iam.arnNamed('user', UserName)],
    handle: (input) => listOf(parts, 'user', input.UserName, input),
  });

/** Deletes an inline policy of a user. */
export const deleteUserPolicy = (parts: IamParts) =>
  iamOperation('DeleteUserPolicy', {
    input: structure({
      UserName: required(existingUserName),
      PolicyName: required(policyName),
    }),
    output: nothing,
    resources: ({ UserName }) => [parts.iam.arnNamed('user', UserName)],
    handle: ({ UserName, PolicyName }) => remove(parts, 'user', UserName, PolicyName),
  });

/** Adds or replaces an inline policy of a group. */
export const putGroupPolicy = (parts: IamParts) =>
  iamOperation('PutGroupPolicy', {
    input: structure({
      GroupName: required(groupName),
      PolicyName: required(newPolicyName),
      PolicyDocument: required(policyDocument),
    }),
    output: nothing,
    resources: ({ GroupName }) => [parts.iam.arnNamed('group', GroupName)],
    handle: (input) => put(parts, 'group', input.GroupName, input.PolicyName, input.PolicyDocument),
  });

/** Returns an inline policy of a group. */
export const getGroupPolicy = (parts: IamParts) =>
  iamOperation('GetGroupPolicy', {
    input: structure({ GroupName: required(groupName), PolicyName: required(policyName) }),
    output: structure({
      GroupName: required(groupName),
      PolicyName: required(policyName),
      PolicyDocument: required(string()),
    }),
    resources: ({ GroupName }) => [parts.iam.arnNamed('group', GroupName)],
    handle: ({ GroupName, PolicyName }) => ({
      output: { GroupName, ...get(parts, 'group', GroupName, PolicyName) },
    }),
  });

/** Lists the names of the inline policies of a group. */
export const listGroupPolicies = (parts: IamParts) =>
  iamOperation('ListGroupPolicies', {
    input: structure({ GroupName: required(groupName), ...pageInput }),
    output: listed,
    resources: ({ GroupName }) => [parts.iam.arnNamed('group', GroupName)],
    handle: (input) => listOf(parts, 'group', input.GroupName, input),
  });

/** Deletes an inline policy of a group. */
export const deleteGroupPolicy = (parts: IamParts) =>
  iamOperation('DeleteGroupPolicy', {
    input: structure({ GroupName: required(groupName), PolicyName: required(policyName) }),
    output: nothing,
    resources: ({ GroupName }) => [parts.iam.arnNamed('group', GroupName)],
    handle: ({ GroupName, PolicyName }) => remove(parts, 'group', GroupName, PolicyName),
  });

/** Adds or replaces an inline policy of a role. */
export const putRolePolicy = (parts: IamParts) =>
  iamOperation('PutRolePolicy', {
    input: structure({
      RoleName: required(roleName),
      PolicyName: required(newPolicyName),
      PolicyDocument: required(policyDocument),
    }),
    output: nothing,
    resources: ({ RoleName }) => [parts.iam.arnNamed('role', RoleName)],
    handle: (input) => put(parts, 'role', input.RoleName, input.PolicyName, input.PolicyDocument),
  });

/** Returns an inline policy of a role. */
export const getRolePolicy = (parts: IamParts) =>
  iamOperation('GetRolePolicy', {
    input: structure({ RoleName: required(roleName), PolicyName: required(policyName) }),
    output: structure({
      RoleName: required(roleName),
      PolicyName: required(policyName),
      PolicyDocument: required(string()),
    }),
    resources: ({ RoleName }) => [parts.iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, PolicyName }) => ({
      output: { RoleName, ...get(parts, 'role', RoleName, PolicyName) },
    }),
  });

/** Lists the names of the inline policies of a role. */
export const listRolePolicies = (parts: IamParts) =>
  iamOperation('ListRolePolicies', {
    input: structure({ RoleName: required(roleName), ...pageInput }),
    output: listed,
    resources: ({ RoleName }) => [parts.iam.arnNamed('role', RoleName)],
    handle: (input) => listOf(parts, 'role', input.RoleName, input),
  });

/** Deletes an inline policy of a role. */
export const deleteRolePolicy = (parts: IamParts) =>
  iamOperation('DeleteRolePolicy', {
    input: structure({ RoleName: required(roleName), PolicyName: required(policyName) }),
    output: nothing,
    resources: ({ RoleName }) => [parts.iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, PolicyName }) => remove(parts, 'role', RoleName, PolicyName),
  });
