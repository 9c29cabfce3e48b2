// Lists of kinds of objects that do not exist here, which programs ask for before they delete a user
// or role.

import {
  boolean,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { iamOperation } from '../declare.ts';
import type { IamParts } from '../parts.ts';
import {
  arn,
  existingUserName,
  pageInput,
  pageOutput,
  path,
  pathPrefix,
  role,
  roleName,
  tags,
} from '../shapes/common.ts';

const instanceProfiles = list(
  structure({
    Path: required(path),
    InstanceProfileName: required(string()),
    InstanceProfileId: required(string()),
    Arn: required(arn),
    CreateDate: required(timestamp()),
    Roles: required(list(role)),
    Tags: tags,
  }),
);

/** Lists instance profiles with a role: there are none, because there are no instances. */
export const listInstanceProfilesForRole = ({ iam }: IamParts) =>
  iamOperation('ListInstanceProfilesForRole', {
    input: structure({ RoleName: required(roleName), ...pageInput }),
    output: structure({ InstanceProfiles: required(instanceProfiles), ...pageOutput }),
    resources: ({ RoleName }) => [iam.arnNamed('role', RoleName)],
    handle: ({ RoleName }) => {
      iam.roles.require(RoleName);
      return { output: { InstanceProfiles: [], IsTruncated: false } };
    },
  });

/** Lists instance profiles: there are none. */
export const listInstanceProfiles = ({ iam }: IamParts) =>
  iamOperation('ListInstanceProfiles', {
    input: structure({ PathPrefix: pathPrefix, ...pageInput }),
    output: structure({ InstanceProfiles: required(instanceProfiles), ...pageOutput }),
    resources: ({ PathPrefix = '/' }) => [
      `arn:aws:iam::${iam.accountId()}:instance-profile${PathPrefix}`,
    ],
    handle: () => ({ output: { InstanceProfiles: [], IsTruncated: false } }),
  });

/** Lists SSH keys of a user: there are none. */
export const listSSHPublicKeys = ({ iam }: IamParts) =>
  iamOperation('ListSSHPublicKeys', {
    input: structure({ UserName: existingUserName, ...pageInput }),
    output: structure({
      SSHPublicKeys: list(
        structure({
          UserName: required(existingUserName),
          SSHPublicKeyId: required(string()),
          Status: required(string()),
          UploadDate: required(timestamp()),
        }),
      ),
      ...pageOutput,
    }),
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: ({ UserName }, call) => {
      iam.users.require(iam.users.nameOr(UserName, call));
      return { output: { SSHPublicKeys: [], IsTruncated: false } };
    },
  });

/** Lists certificates with which a user signs: there are none. */
export const listSigningCertificates = ({ iam }: IamParts) =>
  iamOperation('ListSigningCertificates', {
    input: structure({ UserName: existingUserName, ...pageInput }),
    output: structure({
      Certificates: required(
        list(
          structure({
            UserName: required(existingUserName),
            CertificateId: required(string()),
            CertificateBody: required(string()),
            Status: required(string()),
            UploadDate: timestamp(),
          }),
        ),
      ),
      ...pageOutput,
    }),
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: ({ UserName }, call) => {
      iam.users.require(iam.users.nameOr(UserName, call));
      return { output: { Certificates: [], IsTruncated: false } };
    },
  });

/** Lists credentials of a user for single services: there are none. */
export const listServiceSpecificCredentials = ({ iam }: IamParts) =>
  iamOperation('ListServiceSpecificCredentials', {
    input: structure({
      UserName: existingUserName,
      ServiceName: string({ max: 128 }),
      AllUsers: boolean(),
      ...pageInput,
    }),
    output: structure({
      ServiceSpecificCredentials: list(
        structure({
          UserName: required(existingUserName),
          Status: required(string()),
          ServiceUserName: string(),
          ServiceCredentialAlias: string(),
          CreateDate: required(timestamp()),
          ExpirationDate: timestamp(),
          ServiceSpecificCredentialId: required(string()),
          ServiceName: required(string()),
        }),
      ),
      ...pageOutput,
    }),
    resources: ({ UserName }, { caller }) => [
      iam.arnNamed('user', UserName ?? caller.userName ?? ''),
    ],
    handle: () => ({ output: { ServiceSpecificCredentials: [], IsTruncated: false } }),
  });
