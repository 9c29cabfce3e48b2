// A well-behaved client during an attack.

import assert from 'node:assert/strict';
import { request } from 'node:https';
import { systemClock } from '../../src/base/clock.ts';
import { AmqpClient } from '../support/amqp-client.ts';
import { signRequest } from '../support/sign-request.ts';
import type { Waxwing } from '../support/waxwing.ts';

/** Calls the API on a new connection. */
export async function call(waxwing: Waxwing): Promise<void> {
  const { environment, apiPort, ca } = waxwing;
  const { headers } = await signRequest(
    {
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'TrentService.ListKeys',
      },
      body: '{}',
    },
    {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      region: environment['AWS_REGION'] ?? '',
      service: 'kms',
      atMs: systemClock.nowMs(),
    },
  );
  const status = await new Promise((resolve, reject) => {
    const sent = request(
      {
        port: apiPort,
        host: '127.0.0.1',
        ca,
        agent: false,
        method: 'POST',
        headers: { ...Object.fromEntries(headers), 'content-length': 2 },
      },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      },
    );
    sent.on('error', reject);
    sent.end('{}');
  });
  assert.equal(status, 200);
}

/** Logs in to the broker on a new connection. */
export async function logIn(waxwing: Waxwing): Promise<void> {
  const url = waxwing.amqpUrl.replace('localhost', '127.0.0.1');
  const client = await AmqpClient.connect(url, waxwing.ca);
  await client.close();
}

/** The metrics of the service. */
export function metricsText({ apiPort, ca }: Waxwing, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const options = { port: apiPort, host: '127.0.0.1', ca, agent: false, headers };
    request({ ...options, path: '/metrics' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
