// The actions of single sign-on. No policy is asked about them: their callers hold tokens.

import { serviceActions } from './service-actions.ts';

/** The operations of people who have signed in. */
export const ssoActions = serviceActions('sso', {}, [
  ['Read', [], [], 'GetRoleCredentials ListAccounts ListAccountRoles'],
  ['Write', [], [], 'Logout'],
]);

/** The operations of clients. */
export const ssoOauthActions = serviceActions('sso-oauth', {}, [
  ['Write', [], [], 'RegisterClient StartDeviceAuthorization CreateToken'],
]);
