// The SSO OIDC operation `StartDeviceAuthorization`.

import { noPermission, operation } from '../../../aws/service.ts';
import { deviceCodeMs, pollMs } from '../../../identity/sso/device-authorizations.ts';
import { limitRate, oauthError, requireClient, type SsoParts } from '../parts.ts';
import {
  grantTypes,
  startDeviceAuthorizationRequest,
  startDeviceAuthorizationResponse,
} from '../shapes.ts';

/** Returns a code with which a person allows a client to act for them. */
export function startDeviceAuthorization(parts: SsoParts) {
  return operation({
    action: 'sso-oauth:StartDeviceAuthorization',
    readOnly: false,
    authentication: 'none',
    http: { method: 'POST', path: '/device_authorization' },
    input: startDeviceAuthorizationRequest,
    output: startDeviceAuthorizationResponse,
    permissions: noPermission('the secret of the client authorises'),
    handle: (input, call) => {
      const client = requireClient(parts, input, call);
      if (!client.grantTypes.includes(grantTypes.deviceCode)) {
        const text = 'The client is not registered for device codes.';
        throw oauthError('UnauthorizedClientException', text);
      }
      const base = parts.baseUrl();
      const start = `${base}/start`;
      if (input.startUrl.replace(/\/$/, '') !== start) {
        const text = `startUrl is not the start URL of this service, ${start}.`;
        throw oauthError('InvalidRequestException', text);
      }
      const isRecorded = limitRate(parts, 'StartDeviceAuthorization', call);
      const codes = parts.sso.devices.start(client, call.sourceIp, call.nowMs);
      const verificationUri = `${base}/sso/device`;
      return {
        output: {
          ...codes,
          verificationUri,
          verificationUriComplete: `${verificationUri}?user_code=${codes.userCode}`,
          expiresIn: deviceCodeMs / 1000,
          interval: pollMs / 1000,
        },
        auditRequest: { clientName: client.name, startUrl: input.startUrl },
        auditResponse: null,
        isRecorded,
      };
    },
  });
}
