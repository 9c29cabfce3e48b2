// Conversion of Node's requests.

import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { clientOf } from '../client-address.ts';
import type { RequestHead } from './message.ts';

/** The head of a request that Node parsed. */
export function headOf(incoming: IncomingMessage): RequestHead {
  // In a request to a proxy, the path follows the scheme and host.
  const url = (incoming.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '');
  const mark = url.indexOf('?');
  const socket = incoming.socket;
  return {
    method: incoming.method ?? '',
    rawPath: (mark < 0 ? url : url.slice(0, mark)) || '/',
    rawQuery: mark < 0 ? '' : url.slice(mark + 1),
    headers: headersOf(incoming.rawHeaders),
    peerAddress: clientOf(socket).address.replace(/^::ffff:/, ''),
    ...(socket instanceof TLSSocket && { tls: tlsOf(socket) }),
  };
}

function headersOf(raw: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase();
    const value = raw[at + 1] ?? '';
    const earlier = headers.get(name);
    headers.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return headers;
}

function tlsOf(socket: TLSSocket): { version: string; cipher: string } {
  return { version: socket.getProtocol() ?? '', cipher: socket.getCipher()?.name ?? '' };
}
