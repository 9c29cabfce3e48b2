import { isIPv6 } from 'node:net';

/** Groups of 16 bits that name the network of an IPv6 address: a /64, which one customer usually has. */
const networkGroups = 4;

/**
 * What limits per address count as one source: an IPv4 address, the /64 network of an IPv6 address,
 * or `::1`. An IPv4 address mapped to IPv6 is that IPv4 address.
 *
 * @param address as a socket tells it, without its port; may be empty where the socket is closed
 */
export function sourceOf(address: string): string {
  const [plain = ''] = address.split('%', 1);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain);
  if (mapped) return mapped[1] ?? '';
  if (plain === '::1' || !isIPv6(plain)) return plain;
  return `${groupsOf(plain).slice(0, networkGroups).join(':')}::/64`;
}

/** The address of a peer without its port: `127.0.0.1` of `127.0.0.1:5671`, `::1` of `::1:5671`. */
export function withoutPort(peerAddress: string): string {
  const colon = peerAddress.lastIndexOf(':');
  return colon < 0 ? peerAddress : peerAddress.slice(0, colon);
}

/** The groups that are written, with zeros where `::` leaves some out. */
function groupsOf(address: string): string[] {
  const [before = '', after] = address.toLowerCase().split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length);
  const all = [...head, ...Array.from({ length: zeros }, () => '0'), ...tail];
  return all.map((group) => group.replace(/^0+(?=.)/, ''));
}
