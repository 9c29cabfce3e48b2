// The actions of Identity and Access Management.

import { serviceActions } from './service-actions.ts';

const user = ['user'];
const group = ['group'];
const role = ['role'];
const policy = ['policy'];
const mfa = ['mfa'];
const provider = ['oidc-provider'];
const saml = ['saml-provider'];
const profile = ['instance-profile'];
const certificate = ['server-certificate'];
const anyIdentity = ['user', 'group', 'role'];
const ofResource = ['aws:ResourceTag/${k}'];
const ofPrincipal = ['iam:ResourceTag/${k}', ...ofResource];
const ofRequest = ['aws:RequestTag/${k}', 'aws:TagKeys'];
const boundary = 'iam:PermissionsBoundary';
const policyArn = 'iam:PolicyARN';
const management = 'Permissions management';

/** @see Service authorization reference, "Actions, resources, and condition keys for IAM" */
export const iamActions = serviceActions(
  'iam',
  {
    user: 'arn:${Partition}:iam::${Account}:user/${UserNameWithPath}',
    group: 'arn:${Partition}:iam::${Account}:group/${GroupNameWithPath}',
    role: 'arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}',
    policy: 'arn:${Partition}:iam::${Account}:policy/${PolicyNameWithPath}',
    mfa: 'arn:${Partition}:iam::${Account}:mfa/${MfaTokenIdWithPath}',
    'oidc-provider': 'arn:${Partition}:iam::${Account}:oidc-provider/${OidcProviderName}',
    'saml-provider': 'arn:${Partition}:iam::${Account}:saml-provider/${SamlProviderName}',
    'instance-profile': 'arn:${Partition}:iam::${Account}:instance-profile/${NameWithPath}',
    'server-certificate': 'arn:${Partition}:iam::${Account}:server-certificate/${NameWithPath}',
  },
  [
    ['Write', user, [boundary, ...ofRequest], 'CreateUser'],
    ['Read', user, ofPrincipal, 'GetUser GetLoginProfile GetAccessKeyLastUsed'],
    ['List', [], [], 'ListUsers ListGroups ListRoles ListPolicies ListVirtualMFADevices'],
    ['List', [], [], 'ListAccountAliases ListInstanceProfiles ListServerCertificates'],
    ['List', [], [], 'ListOpenIDConnectProviders ListSAMLProviders'],
    ['Read', [], [], 'GetOutboundWebIdentityFederationInfo'],
    ['Write', [], [], 'EnableOutboundWebIdentityFederation'],
    ['Write', [], [], 'DisableOutboundWebIdentityFederation'],
    ['List', [], [], 'ListOrganizationsFeatures ListPoliciesGrantingServiceAccess'],
    ['Write', user, ofPrincipal, 'DeleteUser UpdateUser CreateAccessKey DeleteAccessKey'],
    ['Write', user, ofPrincipal, 'UpdateAccessKey ChangePassword CreateLoginProfile'],
    ['Write', user, ofPrincipal, 'UpdateLoginProfile DeleteLoginProfile EnableMFADevice'],
    ['Write', user, ofPrincipal, 'DeactivateMFADevice ResyncMFADevice'],
    ['Write', user, ofPrincipal, 'UploadSSHPublicKey UpdateSSHPublicKey DeleteSSHPublicKey'],
    ['Write', user, ofPrincipal, 'UploadSigningCertificate UpdateSigningCertificate'],
    ['Write', user, ofPrincipal, 'DeleteSigningCertificate CreateServiceSpecificCredential'],
    ['Write', user, ofPrincipal, 'UpdateServiceSpecificCredential ResetServiceSpecificCredential'],
    ['Write', user, ofPrincipal, 'DeleteServiceSpecificCredential'],
    ['Read', user, ofPrincipal, 'GetSSHPublicKey GetMFADevice'],
    ['List', user, ofPrincipal, 'ListAccessKeys ListGroupsForUser ListMFADevices ListUserTags'],
    ['List', user, ofPrincipal, 'ListSSHPublicKeys ListSigningCertificates'],
    ['List', user, ofPrincipal, 'ListServiceSpecificCredentials'],
    ['List', user, ofPrincipal, 'ListAttachedUserPolicies ListUserPolicies'],
    ['Read', user, ofPrincipal, 'GetUserPolicy'],
    [management, user, [boundary, ...ofPrincipal], 'PutUserPolicy DeleteUserPolicy'],
    [management, user, [boundary, policyArn, ...ofPrincipal], 'AttachUserPolicy DetachUserPolicy'],
    [management, user, [boundary, ...ofPrincipal], 'PutUserPermissionsBoundary'],
    [management, user, [boundary, ...ofPrincipal], 'DeleteUserPermissionsBoundary'],
    ['Tagging', user, [...ofRequest, ...ofPrincipal], 'TagUser UntagUser'],

    ['Write', group, [], 'CreateGroup DeleteGroup UpdateGroup AddUserToGroup RemoveUserFromGroup'],
    ['Read', group, [], 'GetGroup GetGroupPolicy'],
    ['List', group, [], 'ListAttachedGroupPolicies ListGroupPolicies'],
    [management, group, [], 'PutGroupPolicy DeleteGroupPolicy'],
    [management, group, [policyArn], 'AttachGroupPolicy DetachGroupPolicy'],

    ['Write', role, [boundary, ...ofRequest], 'CreateRole'],
    ['Write', role, ['iam:AWSServiceName'], 'CreateServiceLinkedRole DeleteServiceLinkedRole'],
    ['Write', role, ofPrincipal, 'DeleteRole UpdateRole UpdateRoleDescription'],
    [management, role, ofPrincipal, 'UpdateAssumeRolePolicy'],
    ['Read', role, ofPrincipal, 'GetRole GetRolePolicy GetServiceLinkedRoleDeletionStatus'],
    ['List', role, ofPrincipal, 'ListAttachedRolePolicies ListRolePolicies ListRoleTags'],
    ['List', role, ofPrincipal, 'ListInstanceProfilesForRole'],
    [management, role, [boundary, ...ofPrincipal], 'PutRolePolicy DeleteRolePolicy'],
    [management, role, [boundary, policyArn, ...ofPrincipal], 'AttachRolePolicy DetachRolePolicy'],
    [management, role, [boundary, ...ofPrincipal], 'PutRolePermissionsBoundary'],
    [management, role, [boundary, ...ofPrincipal], 'DeleteRolePermissionsBoundary'],
    ['Tagging', role, [...ofRequest, ...ofPrincipal], 'TagRole UntagRole'],
    [
      'Write',
      role,
      ['iam:PassedToService', 'iam:AssociatedResourceArn', ...ofPrincipal],
      'PassRole!',
    ],

    [management, policy, ofRequest, 'CreatePolicy'],
    [management, policy, ofResource, 'CreatePolicyVersion DeletePolicy DeletePolicyVersion'],
    [management, policy, ofResource, 'SetDefaultPolicyVersion'],
    ['Read', policy, ofResource, 'GetPolicy GetPolicyVersion'],
    ['List', policy, ofResource, 'ListPolicyVersions ListPolicyTags ListEntitiesForPolicy'],
    ['Tagging', policy, [...ofRequest, ...ofResource], 'TagPolicy UntagPolicy'],

    ['Write', mfa, ofRequest, 'CreateVirtualMFADevice'],
    ['Write', mfa, ofResource, 'DeleteVirtualMFADevice'],
    ['List', mfa, ofResource, 'ListMFADeviceTags'],
    ['Tagging', mfa, [...ofRequest, ...ofResource], 'TagMFADevice UntagMFADevice'],

    ['Write', provider, ofRequest, 'CreateOpenIDConnectProvider'],
    ['Write', provider, ofResource, 'DeleteOpenIDConnectProvider'],
    ['Write', provider, ofResource, 'AddClientIDToOpenIDConnectProvider'],
    ['Write', provider, ofResource, 'RemoveClientIDFromOpenIDConnectProvider'],
    ['Write', provider, ofResource, 'UpdateOpenIDConnectProviderThumbprint'],
    ['Read', provider, ofResource, 'GetOpenIDConnectProvider'],
    ['List', provider, ofResource, 'ListOpenIDConnectProviderTags'],
    ['Tagging', provider, ofRequest, 'TagOpenIDConnectProvider UntagOpenIDConnectProvider'],
    ['Write', saml, ofRequest, 'CreateSAMLProvider UpdateSAMLProvider DeleteSAMLProvider'],
    ['Read', saml, ofResource, 'GetSAMLProvider ListSAMLProviderTags'],
    ['Tagging', saml, ofRequest, 'TagSAMLProvider UntagSAMLProvider'],

    ['Write', profile, ofRequest, 'CreateInstanceProfile DeleteInstanceProfile'],
    ['Write', profile, ofResource, 'AddRoleToInstanceProfile RemoveRoleFromInstanceProfile'],
    ['Read', profile, ofResource, 'GetInstanceProfile ListInstanceProfileTags'],
    ['Tagging', profile, ofRequest, 'TagInstanceProfile UntagInstanceProfile'],
    ['Write', certificate, ofRequest, 'UploadServerCertificate UpdateServerCertificate'],
    ['Write', certificate, ofResource, 'DeleteServerCertificate'],
    ['Read', certificate, ofResource, 'GetServerCertificate ListServerCertificateTags'],
    ['Tagging', certificate, ofRequest, 'TagServerCertificate UntagServerCertificate'],

    ['Write', [], [], 'CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy'],
    ['Write', [], [], 'UpdateAccountPasswordPolicy SetSecurityTokenServicePreferences'],
    ['Read', [], [], 'GetAccountAuthorizationDetails GetAccountPasswordPolicy'],
    ['Read', [], [], 'GetCredentialReport GenerateCredentialReport GetAccountEmailAddress!'],
    ['Read', [], [], 'GetAccountName! GetContextKeysForCustomPolicy'],
    ['List', [], [], 'GetAccountSummary'],
    ['Read', [], [], 'SimulateCustomPolicy'],
    ['Read', anyIdentity, [], 'GetContextKeysForPrincipalPolicy SimulatePrincipalPolicy'],
    ['Read', [...anyIdentity, 'policy'], [], 'GenerateServiceLastAccessedDetails'],
    ['Read', [], [], 'GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities'],
    ['Read', [], [], 'GenerateOrganizationsAccessReport GetOrganizationsAccessReport'],
  ],
);
