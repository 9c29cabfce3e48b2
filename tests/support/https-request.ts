// One HTTPS request to a server of a test.

import type { IncomingMessage } from 'node:http';
import { type RequestOptions, request } from 'node:https';

/** A response with all of its body. */
export interface HttpsResponse {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Sends a request on a connection of its own. */
export function httpsRequest(
  options: RequestOptions,
  body: string | Buffer = '',
): Promise<HttpsResponse> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
