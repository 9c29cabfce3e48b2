// TLS handshakes of this process: a process of OpenSSL for each takes longer.

import { connect, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Agreed } from './openssl.ts';

/** What a client offers; by default, every suite that Node knows. */
export type Offer = Pick<TlsOptions, 'ciphers' | 'minVersion' | 'maxVersion'>;

/**
 * Makes a handshake.
 *
 * @param read looks at the socket after the handshake
 * @returns undefined if the handshake fails
 */
export function handshake<T>(
  port: number,
  offer: Offer,
  read: (socket: TLSSocket) => T,
): Promise<T | undefined> {
  const all = { ciphers: 'ALL:@SECLEVEL=0', ...offer };
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...all });
    socket.once('secureConnect', () => {
      resolve(read(socket));
      socket.destroy();
    });
    socket.once('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

/** Makes a handshake. Returns its result; undefined if it fails. */
export function agreedBy(port: number, offer: Offer): Promise<Agreed | undefined> {
  return handshake(port, offer, (socket) => ({
    version: socket.getProtocol() ?? '',
    suite: socket.getCipher().name,
  }));
}
