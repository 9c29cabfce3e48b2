// The shapes of single sign-on. @see SSO OIDC API and SSO portal API, 2019-06-10

import {
  inHeader,
  inQuery,
  integer,
  list,
  long,
  required,
  sensitive,
  string,
  structure,
} from '../../aws/shapes/shape.ts';

const url = string({ min: 1, max: 2048 });
const clientId = string({ min: 1, max: 8192 });
const clientSecret = sensitive(string({ min: 1, max: 256 }));
const scopes = list(string({ min: 1, max: 128 }), { max: 32 });
const secretText = sensitive(string({ min: 1, max: 512 }));

/** The request of RegisterClient. */
export const registerClientRequest = structure({
  clientName: required(string({ min: 1, max: 256, pattern: /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u })),
  clientType: required(string({ min: 1, max: 64 })),
  scopes,
  redirectUris: list(url, { max: 10 }),
  grantTypes: list(string({ min: 1, max: 128 }), { max: 10 }),
  issuerUrl: url,
  entitledApplicationArn: string({ min: 10, max: 1224 }),
});

/** The response of RegisterClient. */
export const registerClientResponse = structure({
  clientId: string(),
  clientSecret: sensitive(string()),
  clientIdIssuedAt: long(),
  clientSecretExpiresAt: long(),
  authorizationEndpoint: string(),
  tokenEndpoint: string(),
});

/** The request of StartDeviceAuthorization. */
export const startDeviceAuthorizationRequest = structure({
  clientId: required(clientId),
  clientSecret: required(clientSecret),
  startUrl: required(url),
});

/** The response of StartDeviceAuthorization. */
export const startDeviceAuthorizationResponse = structure({
  deviceCode: sensitive(string()),
  userCode: sensitive(string()),
  verificationUri: string(),
  verificationUriComplete: sensitive(string()),
  expiresIn: integer(),
  interval: integer(),
});

/** The request of CreateToken. */
export const createTokenRequest = structure({
  clientId: required(clientId),
  clientSecret: required(clientSecret),
  grantType: required(string({ min: 1, max: 128 })),
  deviceCode: secretText,
  code: secretText,
  refreshToken: secretText,
  scope: scopes,
  redirectUri: url,
  codeVerifier: secretText,
});

/** The response of CreateToken. */
export const createTokenResponse = structure({
  accessToken: sensitive(string()),
  tokenType: string(),
  expiresIn: integer(),
  refreshToken: sensitive(string()),
  idToken: sensitive(string()),
});

const accessToken = required(
  inHeader('x-amz-sso_bearer_token', sensitive(string({ min: 1, max: 4096 }))),
);
const roleName = string({ min: 1, max: 64 });
const accountId = string({ min: 12, max: 12, pattern: /^\d*$/ });
const nextToken = inQuery('next_token', string({ min: 1, max: 512 }));
const maxResults = inQuery('max_result', integer({ min: 1, max: 100 }));

/** The request of GetRoleCredentials. */
export const getRoleCredentialsRequest = structure({
  roleName: required(inQuery('role_name', roleName)),
  accountId: required(inQuery('account_id', accountId)),
  accessToken,
});

/** The response of GetRoleCredentials. */
export const getRoleCredentialsResponse = structure({
  roleCredentials: structure({
    accessKeyId: string(),
    secretAccessKey: sensitive(string()),
    sessionToken: sensitive(string()),
    expiration: long(),
  }),
});

/** The request of ListAccounts. */
export const listAccountsRequest = structure({ nextToken, maxResults, accessToken });

/** The response of ListAccounts. */
export const listAccountsResponse = structure({
  nextToken: string(),
  accountList: list(
    structure({ accountId: string(), accountName: string(), emailAddress: string() }),
  ),
});

/** The request of ListAccountRoles. */
export const listAccountRolesRequest = structure({
  nextToken,
  maxResults,
  accessToken,
  accountId: required(inQuery('account_id', accountId)),
});

/** The response of ListAccountRoles. */
export const listAccountRolesResponse = structure({
  nextToken: string(),
  roleList: list(structure({ roleName: string(), accountId: string() })),
});

/** The request of Logout. */
export const logoutRequest = structure({ accessToken });

/** The response of Logout. */
export const logoutResponse = structure({});

/** The grants that clients may ask for. */
export const grantTypes = {
  deviceCode: 'urn:ietf:params:oauth:grant-type:device_code',
  authorizationCode: 'authorization_code',
  refreshToken: 'refresh_token',
} as const;
