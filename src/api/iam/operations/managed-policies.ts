// The IAM operations on managed policies and their versions.

import {
  boolean,
  enumeration,
  freeText,
  list,
  required,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';
import { pageOf } from '../../../identity/accounts/pages.ts';
import { answer, done, iamOperation, pageMembers } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  existingUserName,
  groupName,
  newPolicyName,
  nothing,
  pageInput,
  pageOutput,
  path,
  policy,
  policyDocument,
  policyPath,
  policyVersion,
  roleName,
  tags,
} from '../shapes/common.ts';
import { encodedDocument, listedPolicyView, policyView, versionView } from '../views.ts';

const versionId = string({ max: 32, pattern: /^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$/ });
const usageFilter = enumeration(['PermissionsPolicy', 'PermissionsBoundary']);
const named = structure({ PolicyArn: required(arn) });
const version = structure({ PolicyArn: required(arn), VersionId: required(versionId) });
const own = ({ PolicyArn }: { readonly PolicyArn: string }) => [PolicyArn];

/** Creates a managed policy. */
export const createPolicy = ({ iam }: IamParts) =>
  iamOperation('CreatePolicy', {
    input: structure({
      PolicyName: required(newPolicyName),
      Path: policyPath,
      PolicyDocument: required(policyDocument),
      Description: freeText('description', string({ max: 1000 })),
      Tags: tags,
    }),
    output: structure({ Policy: policy }),
    resources: ({ PolicyName: name, Path = '/' }) => [iam.managed.arnOf({ name, path: Path })],
    handle: (input, call) =>
      answer(iam.managed.create(input, call), (created) => ({ Policy: policyView(iam, created) })),
  });

/** Returns a managed policy. */
export const getPolicy = ({ iam }: IamParts) =>
  iamOperation('GetPolicy', {
    input: named,
    output: structure({ Policy: policy }),
    resources: own,
    handle: ({ PolicyArn }) => ({
      output: { Policy: policyView(iam, iam.managed.require(PolicyArn)) },
    }),
  });

/** Lists managed policies. */
export const listPolicies = ({ iam }: IamParts) =>
  iamOperation('ListPolicies', {
    input: structure({
      Scope: enumeration(['All', 'AWS', 'Local']),
      OnlyAttached: boolean(),
      PathPrefix: policyPath,
      PolicyUsageFilter: usageFilter,
      ...pageInput,
    }),
    output: structure({ Policies: list(policy), ...pageOutput }),
    resources: ({ PathPrefix = '/' }) => [`policy path ${PathPrefix}`],
    handle: (input) => {
      const { Scope = 'All', OnlyAttached = false, PathPrefix = '/', PolicyUsageFilter } = input;
      const { managed } = iam;
      const isUsed = (each: string) => {
        const attached = managed.attachmentCount(each) > 0;
        const bounds = managed.boundaryCount(each) > 0;
        if (PolicyUsageFilter === undefined) return !OnlyAttached || attached || bounds;
        return PolicyUsageFilter === 'PermissionsPolicy' ? attached : bounds;
      };
      const found = [...managed.all(Scope)].filter(
        (each) => each.path.startsWith(PathPrefix) && isUsed(each.arn),
      );
      const page = pageOf(found, (each) => `${each.name} ${each.isProvided}`, input);
      const Policies = page.items.map((each) => listedPolicyView(iam, each));
      return { output: { Policies, ...pageMembers(page) } };
    },
  });

/** Deletes a managed policy. */
export const deletePolicy = ({ iam }: IamParts) =>
  iamOperation('DeletePolicy', {
    input: named,
    output: nothing,
    resources: own,
    handle: ({ PolicyArn }) => done(iam.managed.delete(PolicyArn)),
  });

/** Adds a version to a managed policy. */
export const createPolicyVersion = ({ iam }: IamParts) =>
  iamOperation('CreatePolicyVersion', {
    input: structure({
      PolicyArn: required(arn),
      PolicyDocument: required(policyDocument),
      SetAsDefault: boolean(),
    }),
    output: structure({ PolicyVersion: policyVersion }),
    resources: own,
    handle: ({ PolicyArn, PolicyDocument, SetAsDefault = false }, call) =>
      answer(iam.managed.createVersion(PolicyArn, PolicyDocument, SetAsDefault, call), (made) => ({
        PolicyVersion: versionView(made.version, made.policy.defaultVersion),
      })),
  });

/** Returns a version of a managed policy with its document. */
export const getPolicyVersion = ({ iam }: IamParts) =>
  iamOperation('GetPolicyVersion', {
    input: version,
    output: structure({ PolicyVersion: policyVersion }),
    resources: own,
    handle: ({ PolicyArn, VersionId }) => {
      const found = iam.managed.require(PolicyArn);
      const record = iam.managed.requireVersion(found, VersionId);
      const Document = encodedDocument(record.document);
      const view = versionView(record, found.defaultVersion);
      return { output: { PolicyVersion: { Document, ...view } } };
    },
  });

/** Lists the versions of a managed policy, newest first. */
export const listPolicyVersions = ({ iam }: IamParts) =>
  iamOperation('ListPolicyVersions', {
    input: structure({ PolicyArn: required(arn), ...pageInput }),
    output: structure({ Versions: list(policyVersion), ...pageOutput }),
    resources: own,
    handle: (input) => {
      const found = iam.managed.require(input.PolicyArn);
      const versions = iam.managed.versionsOf(found);
      const page = pageOf([...versions.entries()], ([index]) => String(index), input);
      const Versions = page.items.map(([, each]) => versionView(each, found.defaultVersion));
      return { output: { Versions, ...pageMembers(page) } };
    },
  });

/** Puts a version of a managed policy into effect. */
export const setDefaultPolicyVersion = ({ iam }: IamParts) =>
  iamOperation('SetDefaultPolicyVersion', {
    input: version,
    output: nothing,
    resources: own,
    handle: ({ PolicyArn, VersionId }, call) =>
      done(iam.managed.setDefault(PolicyArn, VersionId, call)),
  });

/** Deletes a version of a managed policy that is not in effect. */
export const deletePolicyVersion = ({ iam }: IamParts) =>
  iamOperation('DeletePolicyVersion', {
    input: version,
    output: nothing,
    resources: own,
    handle: ({ PolicyArn, VersionId }) => done(iam.managed.deleteVersion(PolicyArn, VersionId)),
  });

/** Lists the users, groups and roles that use a managed policy. */
export const listEntitiesForPolicy = ({ iam }: IamParts) =>
  iamOperation('ListEntitiesForPolicy', {
    input: structure({
      PolicyArn: required(arn),
      EntityFilter: enumeration([
        'User',
        'Role',
        'Group',
        'LocalManagedPolicy',
        'AWSManagedPolicy',
      ]),
      PathPrefix: path,
      PolicyUsageFilter: usageFilter,
      ...pageInput,
    }),
    output: structure({
      PolicyGroups: list(structure({ GroupName: groupName, GroupId: string() })),
      PolicyUsers: list(structure({ UserName: existingUserName, UserId: string() })),
      PolicyRoles: list(structure({ RoleName: roleName, RoleId: string() })),
      ...pageOutput,
    }),
    resources: own,
    handle: (input) => {
      const { EntityFilter, PathPrefix = '/', PolicyUsageFilter = 'PermissionsPolicy' } = input;
      const { arn: policyArn } = iam.managed.require(input.PolicyArn);
      const uses = iam.attachments
        .usesOf(policyArn, PolicyUsageFilter)
        .filter(({ kind, record }) => {
          const isAsked = EntityFilter === undefined || EntityFilter.toLowerCase() === kind;
          return isAsked && record.path.startsWith(PathPrefix);
        });
      const page = pageOf(uses, ({ kind, record }) => `${kind} ${record.name}`, input);
      const of = (wanted: string) => page.items.filter(({ kind }) => kind === wanted);
      const output = {
        PolicyGroups: of('group').map(({ record: { name, id } }) => ({
          GroupName: name,
          GroupId: id,
        })),
        PolicyUsers: of('user').map(({ record: { name, id } }) => ({ UserName: name, UserId: id })),
        PolicyRoles: of('role').map(({ record: { name, id } }) => ({ RoleName: name, RoleId: id })),
        ...pageMembers(page),
      };
      return { output };
    },
  });
