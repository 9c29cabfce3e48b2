// Calls of single sign-on, as the AWS CLI makes them, without its waits.

import { request } from 'node:https';
import type { ControlPlane } from './control-plane.ts';

/** An answer: its status, the error code, and the JSON body. */
export interface SsoAnswer {
  readonly status: number;
  readonly code: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the members differ by operation; tests assert on them.
  readonly body: any;
}

/** Calls an operation over HTTPS. */
export function callSso(
  { endpoint }: Pick<ControlPlane, 'endpoint'>,
  method: string,
  path: string,
  input: object | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<SsoAnswer> {
  const body = input === undefined ? undefined : JSON.stringify(input);
  return new Promise((resolve, reject) => {
    const options = {
      method,
      ca: endpoint.ca,
      agent: false as const,
      headers: {
        ...(body !== undefined && {
          'Content-Type': 'application/json',
          'Content-Length': String(Buffer.byteLength(body)),
        }),
        ...headers,
      },
    };
    const sent = request(new URL(path, endpoint.url), options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => {
        const code = response.headers['x-amzn-errortype'];
        resolve({
          status: response.statusCode ?? 0,
          code: typeof code === 'string' ? code : undefined,
          body: text === '' ? undefined : JSON.parse(text),
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A registered client. */
export interface SsoClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Registers a client. */
export async function registerClient(plane: ControlPlane, more: object = {}): Promise<SsoClient> {
  const input = { clientName: 'the <b>client</b> & co', clientType: 'public', ...more };
  const { body, status } = await callSso(plane, 'POST', '/client/register', input);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return { clientId: body.clientId, clientSecret: body.clientSecret };
}

/** Starts a device authorization. */
export function startDevice(plane: ControlPlane, client: SsoClient): Promise<SsoAnswer> {
  const startUrl = `${plane.endpoint.url}/start`;
  return callSso(plane, 'POST', '/device_authorization', { ...client, startUrl });
}

/** The grant of device codes. */
export const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

/** Asks for the token of a device. */
export function pollDevice(
  plane: ControlPlane,
  client: SsoClient,
  deviceCode: string,
): Promise<SsoAnswer> {
  return callSso(plane, 'POST', '/token', { ...client, grantType: deviceGrant, deviceCode });
}

/** Calls an operation of the portal. */
export function callPortal(
  plane: ControlPlane,
  method: string,
  path: string,
  accessToken: string,
): Promise<SsoAnswer> {
  const headers = { 'x-amz-sso_bearer_token': accessToken };
  return callSso(plane, method, path, undefined, headers);
}
