// Writes headers of the PROXY protocol.

import { isIPv4, isIPv6, type Socket } from 'node:net';
import { groupsOf, plainAddress } from '../../base/address.ts';
import { clientOf } from '../client-address.ts';
import { secretType, signature, tcp4, tcp6 } from './header.ts';

/** The header of version 1 for a connection. */
export function clientLine(socket: Socket): string {
  const { address, port } = clientOf(socket);
  const [from, to] = [plainAddress(address), plainAddress(socket.localAddress ?? '')];
  if (!isIPv4(from) && !isIPv6(from)) return 'PROXY UNKNOWN\r\n';
  const isIp6 = isIPv6(from);
  // Both must have the same family; nobody uses the address of the server.
  const unnamed = isIp6 ? '::' : '0.0.0.0';
  const shown = to !== '' && isIp6 === isIPv6(to) ? to : unnamed;
  return `PROXY ${isIp6 ? 'TCP6' : 'TCP4'} ${from} ${shown} ${port} ${socket.localPort ?? 0}\r\n`;
}

/**
 * The header of version 2 for a connection to a server of the service, which knows the secret.
 *
 * @param secret at most 255 bytes
 */
export function secretHeader(socket: Socket, secret: Buffer): Buffer {
  const client = clientOf(socket);
  const address = plainAddress(client.address);
  const isIp6 = isIPv6(address);
  const addresses = Buffer.alloc(isIp6 ? 36 : 12);
  if (isIp6) {
    for (const [at, group] of groupsOf(address).entries()) {
      addresses.writeUInt16BE(Number.parseInt(group, 16), 2 * at);
    }
  } else Buffer.from(address.split('.').map(Number)).copy(addresses);
  addresses.writeUInt16BE(client.port, addresses.length - 4);
  addresses.writeUInt16BE(socket.localPort ?? 0, addresses.length - 2);
  const head = Buffer.from([0x21, isIp6 ? tcp6 : tcp4, 0, 0]);
  const tlv = Buffer.from([secretType, 0, secret.length]);
  head.writeUInt16BE(addresses.length + tlv.length + secret.length, 2);
  return Buffer.concat([signature, head, addresses, tlv, secret]);
}
