// Connections of a host to the service.

import { X509Certificate } from 'node:crypto';
import {
  type ConnectionOptions,
  connect,
  type DetailedPeerCertificate,
  type TLSSocket,
} from 'node:tls';
import { systemClock } from '../base/clock.ts';
import { HostError, HostUnreachable } from './errors.ts';
import { digestOf } from './join-token.ts';

/** The name in the certificate of the service for hosts. */
export const serviceName = 'service.hosts.waxwing.internal';

/** The domain of the names of hosts and of the service in their certificates. */
export const hostsDomain = 'hosts.waxwing.internal';

/** The name in the certificate of a host. */
export function hostName(id: string): string {
  return `${id}.${hostsDomain}`;
}

/** Time for a connection and its handshake, milliseconds. */
const connectMs = 10_000;

/** Where the service listens for hosts. */
export interface ServiceAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads the address of the service.
 *
 * @param text `https://control.example:8444`
 * @throws {HostError} `message-invalid`
 */
export function parseServiceUrl(text: string): ServiceAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const port = Number(url?.port === '' ? '443' : url?.port);
  // Neither a user, a password, a query nor a fragment.
  const isPlain = url?.href === `${url?.origin}/`;
  if (url?.protocol !== 'https:' || !isPlain || url.hostname === '') {
    const shown = text.slice(0, 100);
    const expected = 'a URL like https://control.example:8444';
    throw new HostError(
      'message-invalid',
      `the address of the service is '${shown}'; expected ${expected}`,
    );
  }
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/**
 * Finds the certificate of the authority among those that the service shows. Nothing is sent: the
 * service has proved nothing yet.
 *
 * @param digest SHA-256 of the certificate
 * @returns PEM
 * @throws {HostError} `peer-unknown`
 * @throws {HostUnreachable}
 */
export async function findAuthority(address: ServiceAddress, digest: Buffer): Promise<string> {
  const socket = await opened(address, { rejectUnauthorized: false });
  try {
    let found: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
    // The chain of a certificate that is its own issuer would have no end.
    for (let depth = 0; found?.raw !== undefined && depth < 4; depth++) {
      if (digestOf(found.raw).equals(digest)) return new X509Certificate(found.raw).toString();
      found = found.issuerCertificate;
    }
  } finally {
    socket.destroy();
  }
  const text = `${address.host}:${address.port} does not show the certificate that the token names`;
  throw new HostError('peer-unknown', text);
}

/**
 * Connects to the service, which must have a certificate of the authority.
 *
 * @param authority PEM
 * @param own the certificate and key of this host, PEM; undefined if it has none yet
 * @throws {HostUnreachable}
 */
export function connectToService(
  address: ServiceAddress,
  authority: string,
  own?: { readonly certificate: string; readonly privateKey: string },
): Promise<TLSSocket> {
  return opened(address, {
    ca: authority,
    ...(own && { cert: own.certificate, key: own.privateKey }),
  });
}

function opened({ host, port }: ServiceAddress, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...options,
      host,
      port,
      servername: serviceName,
      minVersion: 'TLSv1.3',
    });
    const fail = (detail: string) => {
      timer.clear();
      socket.destroy();
      reject(new HostUnreachable(`${host}:${port} cannot be used: ${detail}`));
    };
    const failed = (error: NodeJS.ErrnoException) => fail(`${error.message}${clockHint(error)}`);
    const timer = systemClock.setTimeout(() => fail(`no handshake in ${connectMs} ms`), connectMs);
    socket.once('error', failed);
    socket.once('secureConnect', () => {
      timer.clear();
      socket.off('error', failed);
      socket.setKeepAlive(true, connectMs);
      socket.setNoDelay(true);
      resolve(socket);
    });
  });
}

/** What to look at if certificates are not valid at this time. */
function clockHint({ code }: NodeJS.ErrnoException): string {
  if (code !== 'CERT_NOT_YET_VALID' && code !== 'CERT_HAS_EXPIRED') return '';
  const now = new Date(systemClock.nowMs()).toISOString();
  return `; by the clock of this machine, it is ${now}: compare it with that of the service`;
}
