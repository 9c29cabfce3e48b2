// The actions of the Security Token Service.

import { serviceActions } from './service-actions.ts';

const role = ['role'];
const session = [
  'sts:RoleSessionName',
  'sts:SourceIdentity',
  'sts:TransitiveTagKeys',
  'aws:SourceIdentity',
  'aws:RequestTag/${k}',
  'aws:TagKeys',
  'aws:ResourceTag/${k}',
];

const webIdentity = [
  'sts:IdentityTokenAudience',
  'sts:SigningAlgorithm',
  'sts:DurationSeconds',
  'aws:RequestTag/${k}',
  'aws:TagKeys',
];

/** @see Service authorization reference, "Actions, resources, and condition keys for AWS STS" */
export const stsActions = serviceActions(
  'sts',
  {
    role: 'arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}',
    user: 'arn:${Partition}:iam::${Account}:user/${UserNameWithPath}',
    'federated-user': 'arn:${Partition}:sts::${Account}:federated-user/${FederatedUserName}',
  },
  [
    ['Write', role, [...session, 'sts:ExternalId'], 'AssumeRole'],
    ['Write', role, [...session, '${issuer}:aud', '${issuer}:sub'], 'AssumeRoleWithWebIdentity'],
    ['Write', role, session, 'AssumeRoleWithSAML'],
    ['Write', [], [], 'AssumeRoot DecodeAuthorizationMessage'],
    ['Read', [], [], 'GetAccessKeyInfo GetCallerIdentity GetSessionToken'],
    ['Read', [], [], 'GetServiceBearerToken! GetDelegatedAccessToken'],
    ['Read', [], webIdentity, 'GetWebIdentityToken'],
    ['Tagging', [], webIdentity, 'TagGetWebIdentityToken!'],
    ['Read', ['federated-user'], ['aws:RequestTag/${k}', 'aws:TagKeys'], 'GetFederationToken'],
    ['Write', ['role', 'user'], ['sts:SourceIdentity', 'aws:SourceIdentity'], 'SetSourceIdentity!'],
    ['Tagging', ['role', 'user', 'federated-user'], session, 'TagSession!'],
    ['Write', ['role'], [], 'SetContext!'],
  ],
);
