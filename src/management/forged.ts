// Requests that pages of other sites made a browser send.

import type { RequestHead } from '../net/http/message.ts';

/**
 * Whether a page of another site made a browser send a request for a change. A browser adds the
 * credentials of a user that has entered them before.
 */
export function isForged({ method, headers }: RequestHead): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return false;
  const site = headers.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const origin = headers.get('origin');
  return origin !== undefined && origin !== `https://${headers.get('host') ?? ''}`;
}
