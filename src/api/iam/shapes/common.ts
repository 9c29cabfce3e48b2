// Shapes that several families of IAM's operations use. @see IAM API 2010-05-08

import {
  boolean,
  freeText,
  integer,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';

const namePattern = /^[\w+=,.@-]+$/;

/** The name of a new user. */
export const userName = freeText('user name', string({ min: 1, max: 64, pattern: namePattern }));
/** The name of a user that exists. */
export const existingUserName = string({ min: 1, max: 128, pattern: namePattern });
/** The name of a group. */
export const groupName = string({ min: 1, max: 128, pattern: namePattern });
/** The name of a new group. */
export const newGroupName = freeText('group name', groupName);
/** The name of a role. */
export const roleName = string({ min: 1, max: 64, pattern: namePattern });
/** The name of a new role. */
export const newRoleName = freeText('role name', roleName);
/** The name of a policy, inline or managed. */
export const policyName = string({ min: 1, max: 128, pattern: namePattern });
/** The name of a new policy. */
export const newPolicyName = freeText('policy name', policyName);
/** The path of a user, group, role or MFA device. */
export const path = string({ min: 1, max: 512, pattern: /^(\/|\/[\u0021-\u007E]+\/)$/ });
/** The path of a managed policy. */
export const policyPath = string({ min: 1, max: 512, pattern: /^((\/[A-Za-z0-9.,+@=_-]+)*)\/$/ });
/** The beginning of paths. */
export const pathPrefix = string({ min: 1, max: 512, pattern: /^\/[\u0021-\u007F]*$/ });
/** The JSON text of a policy. */
export const policyDocument = string({
  min: 1,
  max: 131_072,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: tab and line ends belong to JSON texts.
  pattern: /^[\u0009\u000A\u000D\u0020-\u00FF]+$/,
});
/** An ARN. */
export const arn = string({ min: 20, max: 2048 });
/** The position of a page. */
export const marker = string({ min: 1, max: 320, pattern: /^[\u0020-\u00FF]+$/ });
/** Maximum number of entries on a page. */
export const maxItems = integer({ min: 1, max: 1000 });
/** The id of an access key. */
export const accessKeyId = string({ min: 16, max: 128, pattern: /^\w+$/ });
/** The serial number of an MFA device. */
export const serialNumber = string({ min: 9, max: 256, pattern: /^[\w+=/:,.@-]+$/ });

const tagKey = string({ min: 1, max: 128, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u });
const tagValue = string({ min: 0, max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
const tag = structure({
  Key: required(freeText('tag key', tagKey)),
  Value: required(freeText('tag value', tagValue, 'Key')),
});
/** Tags of an object. */
export const tags = list(tag, { max: 50 });
/** Keys of the tags to remove. */
export const tagKeys = list(tagKey, { max: 50 });

/** A new description. */
export const description = freeText(
  'description',
  string({ max: 1000, pattern: /^[\t\n\r\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*$/u }),
);

/** The members of a request for a page. */
export const pageInput = { Marker: marker, MaxItems: maxItems } as const;
/** The members of a page that tell whether the list goes on. */
export const pageOutput = { IsTruncated: boolean(), Marker: string() } as const;

/** An empty output. */
export const nothing = structure({});

const boundary = structure({
  PermissionsBoundaryType: string(),
  PermissionsBoundaryArn: arn,
});

/** A user. */
export const user = structure({
  Path: required(path),
  UserName: required(existingUserName),
  UserId: required(string()),
  Arn: required(arn),
  CreateDate: required(timestamp()),
  PasswordLastUsed: timestamp(),
  PermissionsBoundary: boundary,
  Tags: tags,
});

/** A group. */
export const group = structure({
  Path: required(path),
  GroupName: required(groupName),
  GroupId: required(string()),
  Arn: required(arn),
  CreateDate: required(timestamp()),
});

const lastUsed = structure({ LastUsedDate: timestamp(), Region: string() });

/** A role. */
export const role = structure({
  Path: required(path),
  RoleName: required(roleName),
  RoleId: required(string()),
  Arn: required(arn),
  CreateDate: required(timestamp()),
  AssumeRolePolicyDocument: string(),
  Description: string(),
  MaxSessionDuration: integer(),
  PermissionsBoundary: boundary,
  Tags: tags,
  RoleLastUsed: lastUsed,
});

/** A managed policy that is attached to an entity. */
export const attachedPolicies = list(structure({ PolicyName: policyName, PolicyArn: arn }));

const policyDetails = list(structure({ PolicyName: policyName, PolicyDocument: string() }));

/** A user with its policies. */
export const userDetail = structure({
  Path: path,
  UserName: existingUserName,
  UserId: string(),
  Arn: arn,
  CreateDate: timestamp(),
  UserPolicyList: policyDetails,
  GroupList: list(groupName),
  AttachedManagedPolicies: attachedPolicies,
  PermissionsBoundary: boundary,
  Tags: tags,
});

/** A group with its policies. */
export const groupDetail = structure({
  Path: path,
  GroupName: groupName,
  GroupId: string(),
  Arn: arn,
  CreateDate: timestamp(),
  GroupPolicyList: policyDetails,
  AttachedManagedPolicies: attachedPolicies,
});

/** A role with its policies. */
export const roleDetail = structure({
  Path: path,
  RoleName: roleName,
  RoleId: string(),
  Arn: arn,
  CreateDate: timestamp(),
  AssumeRolePolicyDocument: string(),
  InstanceProfileList: list(structure({})),
  RolePolicyList: policyDetails,
  AttachedManagedPolicies: attachedPolicies,
  PermissionsBoundary: boundary,
  Tags: tags,
  RoleLastUsed: lastUsed,
});

/** A version of a managed policy. */
export const policyVersion = structure({
  Document: string(),
  VersionId: string(),
  IsDefaultVersion: boolean(),
  CreateDate: timestamp(),
});

/** A managed policy. */
export const policy = structure({
  PolicyName: policyName,
  PolicyId: string(),
  Arn: arn,
  Path: policyPath,
  DefaultVersionId: string(),
  AttachmentCount: integer(),
  PermissionsBoundaryUsageCount: integer(),
  IsAttachable: boolean(),
  Description: string(),
  CreateDate: timestamp(),
  UpdateDate: timestamp(),
  Tags: tags,
});
