// Sources: the groups of addresses to which per-peer limits apply.

import { isIPv4, isIPv6 } from 'node:net';

/** The number of 16-bit groups in a /64, the usual network of one customer. */
const networkGroups = 4;
/** The number of 16-bit groups in a /48, the largest usual network of one customer. */
const siteGroups = 3;

/**
 * Returns the source of an address, to which limits per peer apply: an IPv4 address, the /64
 * network of an IPv6 address, or `::1`. An IPv4-mapped IPv6 address counts as the IPv4 address.
 *
 * @param address the address of a socket without its port; may be empty if the socket is closed
 */
export function sourceOf(address: string): string {
  // Each connection asks several times, and the pattern of IPv6 addresses is slow.
  if (isDotted(address)) return address;
  const plain = plainAddress(address);
  if (plain === '::1' || !isIPv6(plain)) return plain;
  return `${groupsOf(plain).slice(0, networkGroups).join(':')}::/64`;
}

/**
 * Returns the network that the source of an address is part of, to share limits fairly between
 * networks: the /24 network of an IPv4 address, the /48 network of an IPv6 address, or `::1`.
 *
 * @param address as for {@link sourceOf}
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address);
  if (isIPv4(plain)) return `${plain.split('.').slice(0, 3).join('.')}.0/24`;
  if (plain === '::1' || !isIPv6(plain)) return plain;
  return `${groupsOf(plain).slice(0, siteGroups).join(':')}::/48`;
}

/** Whether an address has neither the form of IPv6 nor a zone, so that it is its own source. */
function isDotted(address: string): boolean {
  return !address.includes(':') && !address.includes('%');
}

/** An address without its zone; an IPv4-mapped IPv6 address as the IPv4 address. */
export function plainAddress(address: string): string {
  const [plain = ''] = address.split('%', 1);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain);
  return mapped?.[1] ?? plain;
}

/**
 * Removes the port from a peer address: `127.0.0.1:5671` becomes `127.0.0.1`, `::1:5671` becomes
 * `::1`.
 */
export function withoutPort(peerAddress: string): string {
  const colon = peerAddress.lastIndexOf(':');
  return colon < 0 ? peerAddress : peerAddress.slice(0, colon);
}

/**
 * The groups of an IPv6 address, with zeros in place of `::`.
 *
 * @param address its last two groups may have the dotted form of IPv4
 */
export function groupsOf(address: string): string[] {
  const numeric = address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_dotted, a, b, c, d) => `${groupOf(a, b)}:${groupOf(c, d)}`,
  );
  const [before = '', after] = numeric.toLowerCase().split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return all.map((group) => group.replace(/^0+(?=.)/, ''));
}

function groupOf(high: string, low: string): string {
  return (256 * Number(high) + Number(low)).toString(16);
}
