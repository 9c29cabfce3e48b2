// The STS service.

import type { Service } from '../../aws/service.ts';
import { assumeRole } from './operations/assume-role.ts';
import { assumeRoleWithWebIdentity } from './operations/assume-role-with-web-identity.ts';
import { decodeAuthorizationMessage } from './operations/decode-authorization-message.ts';
import { getAccessKeyInfo } from './operations/get-access-key-info.ts';
import { getCallerIdentity } from './operations/get-caller-identity.ts';
import { getFederationToken } from './operations/get-federation-token.ts';
import { getSessionToken } from './operations/get-session-token.ts';
import { getWebIdentityToken } from './operations/get-web-identity-token.ts';
import { type StsParts, translate } from './parts.ts';

/** The Security Token Service: it issues temporary credentials. @see STS API 2011-06-15 */
export function stsService(parts: StsParts): Service {
  return {
    name: 'sts',
    wires: ['query'],
    eventSource: 'sts.amazonaws.com',
    apiVersion: '2011-06-15',
    operations: {
      AssumeRole: assumeRole(parts),
      AssumeRoleWithWebIdentity: assumeRoleWithWebIdentity(parts),
      DecodeAuthorizationMessage: decodeAuthorizationMessage(parts),
      GetAccessKeyInfo: getAccessKeyInfo(parts),
      GetCallerIdentity: getCallerIdentity(),
      GetFederationToken: getFederationToken(parts),
      GetSessionToken: getSessionToken(parts),
      GetWebIdentityToken: getWebIdentityToken(parts),
    },
    translate: (error) => translate(error),
  };
}
