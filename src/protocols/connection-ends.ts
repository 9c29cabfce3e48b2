// The two ends of a connection, as administration shows them.

import type { ConnectionInfo } from '../broker/rabbitmq/model.ts';
import type { Transport } from './protocol.ts';

/** The name of a connection. */
export function nameOf({ peerAddress, localAddress }: Transport): string {
  return `${peerAddress} -> ${localAddress}`;
}

/** The addresses of a connection, and the version of TLS between them. */
export function endsOf({
  peerAddress,
  localAddress,
  tlsVersion,
}: Transport): Pick<ConnectionInfo, 'peerHost' | 'peerPort' | 'host' | 'port' | 'tlsVersion'> {
  const [peerHost, peerPort] = partsOf(peerAddress);
  const [host, port] = partsOf(localAddress);
  return { peerHost, peerPort, host, port, tlsVersion };
}

/** Splits `127.0.0.1:5671`, and `::1:5671`. */
function partsOf(address: string): [host: string, port: number] {
  const at = address.lastIndexOf(':');
  return [address.slice(0, Math.max(0, at)), Number(address.slice(at + 1)) || 0];
}
