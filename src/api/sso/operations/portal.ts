// The SSO operations of people who have signed in.

import { AwsError } from '../../../aws/errors.ts';
import { noPermission, operation } from '../../../aws/service.ts';
import { asChanges, requireSignIn, type SsoParts } from '../parts.ts';
import {
  getRoleCredentialsRequest,
  getRoleCredentialsResponse,
  listAccountRolesRequest,
  listAccountRolesResponse,
  listAccountsRequest,
  listAccountsResponse,
  logoutRequest,
  logoutResponse,
} from '../shapes.ts';

const rolesDefault = 50;

/** Returns temporary credentials of a role. */
export function getRoleCredentials(parts: SsoParts) {
  return operation({
    action: 'sso:GetRoleCredentials',
    readOnly: true,
    authentication: 'none',
    http: { method: 'GET', path: '/federation/credentials' },
    input: getRoleCredentialsRequest,
    output: getRoleCredentialsResponse,
    permissions: noPermission('the access token of a sign-in authorises'),
    handle: ({ accessToken, accountId, roleName }, call) => {
      const record = requireSignIn(parts, accessToken, call);
      const { assignments } = parts.sso;
      const caller = assignments.portalCaller(record);
      const found =
        accountId === call.accountId ? assignments.credentials(record, roleName, call) : undefined;
      if (found === undefined) {
        // AWS does not tell whether a role exists either.
        throw new AwsError('ForbiddenException', 'No access', { status: 403, caller });
      }
      const { key, role, sessionArn } = found;
      return {
        output: {
          roleCredentials: {
            accessKeyId: key.accessKeyId,
            secretAccessKey: key.secret,
            sessionToken: key.token,
            expiration: key.expiresMs,
          },
        },
        caller,
        additionalEventData: {
          roleName: role.name,
          assumedRoleArn: sessionArn,
          accessKeyId: key.accessKeyId,
        },
      };
    },
  });
}

/** Lists the accounts of a person: the account of this service. */
export function listAccounts(parts: SsoParts) {
  return operation({
    action: 'sso:ListAccounts',
    readOnly: true,
    authentication: 'none',
    http: { method: 'GET', path: '/assignment/accounts' },
    input: listAccountsRequest,
    output: listAccountsResponse,
    permissions: noPermission('the access token of a sign-in authorises'),
    handle: ({ accessToken }, call) => {
      const record = requireSignIn(parts, accessToken, call);
      const { accountId } = call;
      return {
        output: { accountList: [{ accountId, accountName: parts.accountName() ?? accountId }] },
        caller: parts.sso.assignments.portalCaller(record),
      };
    },
  });
}

/** Lists the roles that a person may use. */
export function listAccountRoles(parts: SsoParts) {
  return operation({
    action: 'sso:ListAccountRoles',
    readOnly: true,
    authentication: 'none',
    http: { method: 'GET', path: '/assignment/roles' },
    input: listAccountRolesRequest,
    output: listAccountRolesResponse,
    permissions: noPermission('the access token of a sign-in authorises'),
    handle: async (input, call) => {
      const record = requireSignIn(parts, input.accessToken, call);
      const { assignments } = parts.sso;
      const caller = assignments.portalCaller(record);
      const isOwn = input.accountId === call.accountId;
      const all = isOwn ? await assignments.rolesOf(record, call, parts.nextTurn) : [];
      const { nextToken: after = '', maxResults = rolesDefault } = input;
      const left = all.filter(({ name }) => name > after);
      const page = left.slice(0, maxResults);
      const next = left.length > page.length ? page.at(-1)?.name : undefined;
      return {
        output: {
          roleList: page.map(({ name }) => ({ roleName: name, accountId: input.accountId })),
          ...(next !== undefined && { nextToken: next }),
        },
        caller,
      };
    },
  });
}

/** Ends a sign-in. Credentials that were issued stay valid until they expire, as in AWS. */
export function logout(parts: SsoParts) {
  return operation({
    action: 'sso:Logout',
    readOnly: false,
    authentication: 'none',
    http: { method: 'POST', path: '/logout' },
    input: logoutRequest,
    output: logoutResponse,
    permissions: noPermission('the access token of a sign-in authorises'),
    handle: ({ accessToken }, call) => {
      const record = requireSignIn(parts, accessToken, call);
      return {
        output: {},
        changes: asChanges([{ delete: 'sign-in', id: record.id }]),
        caller: parts.sso.assignments.portalCaller(record),
      };
    },
  });
}
