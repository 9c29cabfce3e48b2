// The port of the service for hosts of nodes.

import { createServer, type Server } from 'node:net';
import {
  createServer as createTlsServer,
  type TLSSocket,
  type Server as TlsServer,
} from 'node:tls';
import { systemClock, type Timer } from '../../base/clock.ts';
import type { Certificate } from '../../crypto/authority.ts';
import { digestOf } from '../../hosts/join-token.ts';
import { ConnectionAdmission } from '../../net/connection-admission.ts';
import { apiAdmissionLimits } from '../../net/limits.ts';
import { listen } from '../../net/listen.ts';
import { defaultTlsPolicy } from '../../net/tls-policy.ts';

/** Hosts are few, and each has one connection. */
const limits = {
  ...apiAdmissionLimits,
  connectionCountMax: 512,
  unauthenticatedCountMax: 256,
  unauthenticatedPerSourceMax: 16,
  handshakeCountMax: 64,
  handshakesPerSourceMax: 8,
  loginTimeoutMs: 15_000,
};
const tickMs = 500;

/** The receiver of connections. */
export interface HostConnections {
  /** The peer has the key of a certificate of the authority. @param keyDigest SHA-256 of the public key, hexadecimal */
  known(socket: TLSSocket, keyDigest: string, isAdmitted: () => void): void;
  /** The peer has no certificate. */
  unknown(socket: TLSSocket, isAdmitted: () => void): void;
  /** The peer has shown a certificate that is not valid. @param code why, by OpenSSL */
  refused(sourceIp: string | undefined, code: string): void;
}

/** A port over TLS 1.3. A peer with a certificate that is not valid is refused. */
export class HostListener {
  readonly #host: string;
  readonly #connections: HostConnections;
  readonly #admission = new ConnectionAdmission(limits, systemClock);
  readonly #tls: TlsServer;
  readonly #tcp: Server;
  #ticks: Timer | undefined = undefined;

  constructor(
    host: string,
    certificate: Certificate,
    authority: string,
    connections: HostConnections,
  ) {
    this.#host = host;
    this.#connections = connections;
    this.#tls = createTlsServer({
      ...contextOf(certificate, authority),
      requestCert: true,
      // A machine that joins has no certificate yet.
      rejectUnauthorized: false,
      handshakeTimeout: limits.handshakeTimeoutMs,
    });
    this.#tls.on('secureConnection', (socket) => this.#accept(socket));
    this.#tls.on('tlsClientError', (_error, socket) => socket.destroy());
    this.#tcp = createServer({ noDelay: true }, (socket) =>
      this.#admission.accept(socket, {
        tls: () => this.#tls.emit('connection', socket),
        plain: () => socket.destroy(),
      }),
    );
  }

  /** Opens the port. @throws {NetError} `port-in-use`, `listen-failed` */
  async open(port: number): Promise<number> {
    const found = await listen(this.#tcp, this.#host, port);
    this.#ticks = systemClock.setInterval(() => this.#admission.tick(), tickMs);
    return found;
  }

  /** Changes the certificate for new connections. */
  show(certificate: Certificate, authority: string): void {
    this.#tls.setSecureContext(contextOf(certificate, authority));
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    this.#admission.handshakeDone(socket);
    const admitted = () => this.#admission.authenticated(socket);
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) this.#connections.unknown(socket, admitted);
    else if (!socket.authorized) {
      this.#connections.refused(socket.remoteAddress, String(socket.authorizationError));
      socket.destroy();
    } else {
      const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
      this.#connections.known(socket, digestOf(key).toString('hex'), admitted);
    }
  }

  close(): void {
    this.#ticks?.clear();
    this.#tcp.close();
    this.#admission.close();
  }
}

function contextOf({ certificate, privateKey }: Certificate, authority: string) {
  return {
    ...defaultTlsPolicy,
    minVersion: 'TLSv1.3' as const,
    cert: certificate,
    key: privateKey,
    ca: authority,
  };
}
