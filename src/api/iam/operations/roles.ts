// The IAM operations on roles.

import { emptyOutput, integer, list, required, structure } from '../../../aws/shapes/shape.ts';
import { answer, done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  description,
  newRoleName,
  nothing,
  pageInput,
  pageOutput,
  path,
  pathPrefix,
  policyDocument,
  role,
  roleName,
  tags,
} from '../shapes/common.ts';
import { listedRoleView, roleView } from '../views.ts';

const maxSessionDuration = integer({ min: 3600, max: 43_200 });
const named = structure({ RoleName: required(roleName) });

/** Creates a role. */
export const createRole = ({ iam }: IamParts) =>
  iamOperation('CreateRole', {
    input: structure({
      Path: path,
      RoleName: required(newRoleName),
      AssumeRolePolicyDocument: required(policyDocument),
      Description: description,
      MaxSessionDuration: maxSessionDuration,
      PermissionsBoundary: arn,
      Tags: tags,
    }),
    output: structure({ Role: required(role) }),
    resources: ({ RoleName, Path }) => [iam.arnNamed('role', RoleName, Path)],
    handle: (input, call) =>
      answer(iam.roles.create(input, call), (record) => {
        const { RoleLastUsed: _unused, ...Role } = roleView(iam, record);
        return { Role };
      }),
  });

/** Returns a role. */
export const getRole = ({ iam }: IamParts) =>
  iamOperation('GetRole', {
    input: named,
    output: structure({ Role: required(role) }),
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName }) => ({ output: { Role: roleView(iam, iam.roles.require(RoleName)) } }),
  });

/** Lists roles. */
export const listRoles = ({ iam }: IamParts) =>
  iamOperation('ListRoles', {
    input: structure({ PathPrefix: pathPrefix, ...pageInput }),
    output: structure({ Roles: required(list(role)), ...pageOutput }),
    resources: ({ PathPrefix = '/' }) => [`arn:aws:iam::${iam.accountId()}:role${PathPrefix}`],
    handle: (input) => {
      const page = iam.roles.list(input);
      const Roles = page.items.map((record) => listedRoleView(iam, record));
      return { output: { Roles, ...pageMembers(page) } };
    },
  });

/** Changes the description or the maximum duration of sessions of a role. */
export const updateRole = ({ iam }: IamParts) =>
  iamOperation('UpdateRole', {
    input: structure({
      RoleName: required(roleName),
      Description: description,
      MaxSessionDuration: maxSessionDuration,
    }),
    output: emptyOutput(),
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, Description, MaxSessionDuration }) =>
      done(
        iam.roles.update(RoleName, {
          ...(Description !== undefined && { description: Description }),
          ...(MaxSessionDuration !== undefined && { maxSessionSeconds: MaxSessionDuration }),
        }),
      ),
  });

/** Changes the description of a role. */
export const updateRoleDescription = ({ iam }: IamParts) =>
  iamOperation('UpdateRoleDescription', {
    input: structure({ RoleName: required(roleName), Description: required(description) }),
    output: structure({ Role: role }),
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, Description }) =>
      answer(iam.roles.update(RoleName, { description: Description }), (record) => ({
        Role: roleView(iam, record),
      })),
  });

/** Changes who may assume a role. */
export const updateAssumeRolePolicy = ({ iam }: IamParts) =>
  iamOperation('UpdateAssumeRolePolicy', {
    input: structure({
      RoleName: required(roleName),
      PolicyDocument: required(policyDocument),
    }),
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName, PolicyDocument }) => done(iam.roles.updateTrust(RoleName, PolicyDocument)),
  });

/** Deletes a role. */
export const deleteRole = ({ iam }: IamParts) =>
  iamOperation('DeleteRole', {
    input: named,
    output: nothing,
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName }) => done(iam.roles.delete(RoleName)),
  });
