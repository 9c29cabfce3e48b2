// Counts completed TLS handshakes by version.

import type { TLSSocket } from 'node:tls';

/** The versions that listeners accept, as Node names them. */
export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const;

/** One of {@link tlsVersions}. */
export type TlsVersion = (typeof tlsVersions)[number];

/** Completed handshakes since the start, by version. */
export class HandshakeCounts {
  readonly #counts: Record<TlsVersion, number> = { 'TLSv1.2': 0, 'TLSv1.3': 0 };

  /** Counts a connection whose handshake is complete. */
  add(socket: Pick<TLSSocket, 'getProtocol'>): void {
    // Null if the client has closed the connection in the meantime.
    const version = socket.getProtocol();
    if (version === 'TLSv1.2' || version === 'TLSv1.3') this.#counts[version] += 1;
  }

  of(version: TlsVersion): number {
    return this.#counts[version];
  }
}
