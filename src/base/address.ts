// Sources: the groups of addresses to which per-peer limits apply.

import { isIPv6 } from 'node:net';

/** The number of 16-bit groups in a /64, the usual network of one customer. */
const networkGroups = 4;

/**
 * Returns the source of an address, to which limits per peer apply: an IPv4 address, the /64
 * network of an IPv6 address, or `::1`. An IPv4-mapped IPv6 address counts as the IPv4 address.
 *
 * @param address the address of a socket without its port; may be empty if the socket is closed
 */
export function sourceOf(address: string): string {
  const [plain = ''] = address.split('%', 1);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain);
  if (mapped) return mapped[1] ?? '';
  if (plain === '::1' || !isIPv6(plain)) return plain;
  return `${groupsOf(plain).slice(0, networkGroups).join(':')}::/64`;
}

/**
 * Removes the port from a peer address: `127.0.0.1:5671` becomes `127.0.0.1`, `::1:5671` becomes
 * `::1`.
 */
export function withoutPort(peerAddress: string): string {
  const colon = peerAddress.lastIndexOf(':');
  return colon < 0 ? peerAddress : peerAddress.slice(0, colon);
}

/** The groups of an IPv6 address, with zeros in place of `::`. */
function groupsOf(address: string): string[] {
  const [before = '', after] = address.toLowerCase().split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return all.map((group) => group.replace(/^0+(?=.)/, ''));
}
