// The SSO OIDC operation `RegisterClient`.

import { noPermission, operation } from '../../../aws/service.ts';
import { isLoopbackUri } from '../../../identity/sso/clients.ts';
import { limitRate, oauthError, type SsoParts } from '../parts.ts';
import { grantTypes, registerClientRequest, registerClientResponse } from '../shapes.ts';

const known: readonly string[] = Object.values(grantTypes);

/** Registers a public client, such as the AWS CLI. Nobody needs to authenticate for this. */
export function registerClient(parts: SsoParts) {
  return operation({
    action: 'sso-oauth:RegisterClient',
    readOnly: false,
    authentication: 'none',
    http: { method: 'POST', path: '/client/register' },
    input: registerClientRequest,
    output: registerClientResponse,
    permissions: noPermission('clients register before anybody signs in'),
    handle: (input, call) => {
      const isRecorded = limitRate(parts, 'RegisterClient', call);
      const { clientName: name, clientType, scopes = [], redirectUris = [] } = input;
      if (clientType !== 'public') {
        const text = `clientType is '${clientType}'; only public is allowed.`;
        throw oauthError('InvalidClientMetadataException', text);
      }
      const asked = input.grantTypes ?? [];
      if (!asked.every((grant) => known.includes(grant))) {
        const text = `A grant type is not supported; ${known.join(', ')} are allowed.`;
        throw oauthError('UnsupportedGrantTypeException', text);
      }
      if (!redirectUris.every(isLoopbackUri)) {
        const text = 'A redirect URI is not allowed; use http://127.0.0.1 and a path.';
        throw oauthError('InvalidRedirectUriException', text);
      }
      const registration = { name, scopes, grantTypes: asked, redirectUris };
      const client = parts.sso.clients.register(registration, call.nowMs);
      const base = parts.baseUrl();
      return {
        output: {
          clientId: client.id,
          clientSecret: client.secret,
          clientIdIssuedAt: Math.floor(client.issuedMs / 1000),
          clientSecretExpiresAt: Math.floor(client.expiresMs / 1000),
          authorizationEndpoint: `${base}/authorize`,
          tokenEndpoint: `${base}/token`,
        },
        auditResponse: null,
        isRecorded,
      };
    },
  });
}
