// Counts completed TLS handshakes by version and suite.

import type { TLSSocket } from 'node:tls';

/** The versions that listeners accept, as Node names them. */
export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const;

/** One of {@link tlsVersions}. */
export type TlsVersion = (typeof tlsVersions)[number];

/** The handshakes with one version and one suite. */
export interface HandshakeCount {
  readonly version: TlsVersion;
  /** The name of IANA: `TLS_AES_256_GCM_SHA384`. */
  readonly suite: string;
  readonly count: number;
}

/** Completed handshakes since the start. The suites are few: those that listeners accept. */
export class HandshakeCounts {
  readonly #counts = new Map<string, HandshakeCount>();

  /** Counts a connection whose handshake is complete. */
  add(socket: Pick<TLSSocket, 'getProtocol' | 'getCipher'>): void {
    // Null if the client has closed the connection in the meantime.
    const version = socket.getProtocol();
    if (version !== 'TLSv1.2' && version !== 'TLSv1.3') return;
    const suite = socket.getCipher()?.standardName ?? 'unknown';
    const key = `${version} ${suite}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { version, suite, count });
  }

  /** The handshakes with a version. */
  of(version: TlsVersion): number {
    return this.all.reduce((sum, each) => (each.version === version ? sum + each.count : sum), 0);
  }

  /** Those that there were. */
  get all(): readonly HandshakeCount[] {
    return [...this.#counts.values()];
  }
}
