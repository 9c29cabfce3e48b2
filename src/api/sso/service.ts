// The services of single sign-on.

import type { Service } from '../../aws/service.ts';
import { createToken } from './operations/create-token.ts';
import { getRoleCredentials, listAccountRoles, listAccounts, logout } from './operations/portal.ts';
import { registerClient } from './operations/register-client.ts';
import { startDeviceAuthorization } from './operations/start-device-authorization.ts';
import type { SsoParts } from './parts.ts';

/** IAM Identity Center's OIDC service: clients get tokens of people. @see SSO OIDC API 2019-06-10 */
export function ssoOidcService(parts: SsoParts): Service {
  return {
    name: 'sso-oauth',
    wires: ['rest-json'],
    eventSource: 'sso-oauth.amazonaws.com',
    apiVersion: '2019-06-10',
    operations: {
      CreateToken: createToken(parts),
      RegisterClient: registerClient(parts),
      StartDeviceAuthorization: startDeviceAuthorization(parts),
    },
  };
}

/** IAM Identity Center's portal: people get credentials of roles. @see SSO portal API 2019-06-10 */
export function ssoService(parts: SsoParts): Service {
  return {
    name: 'awsssoportal',
    wires: ['rest-json'],
    eventSource: 'sso.amazonaws.com',
    apiVersion: '2019-06-10',
    operations: {
      GetRoleCredentials: getRoleCredentials(parts),
      ListAccountRoles: listAccountRoles(parts),
      ListAccounts: listAccounts(parts),
      Logout: logout(parts),
    },
  };
}
