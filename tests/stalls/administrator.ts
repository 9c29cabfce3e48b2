// Requests to the management API of a metered broker.

import { request as httpsRequest } from 'node:https';
import type { MeteredProcess } from './metered-process.ts';

/** Sends requests with JSON, which must succeed. */
export function jsonRequest(broker: MeteredProcess) {
  const { port, ca } = broker.address('console');
  return async (method: string, path: string, body?: object): Promise<unknown> => {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = {
      authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}`,
      'content-type': 'application/json',
      'content-length': String(bytes?.length ?? 0),
    };
    const options = { host: 'localhost', port, ca, method, path, headers } as const;
    const [status, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
      const request = httpsRequest(options, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => resolve([response.statusCode, Buffer.concat(pieces).toString()]));
        response.on('error', reject);
      });
      request.on('error', reject);
      request.end(bytes);
    });
    if (status === undefined || status >= 300) {
      throw new Error(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    }
    const isJson = text.startsWith('{') || text.startsWith('[');
    return isJson ? JSON.parse(text) : text;
  };
}
