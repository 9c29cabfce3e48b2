// The addresses of proxies whose statements about clients are believed.

import { BlockList, isIP } from 'node:net';
import { plainAddress } from '../../base/address.ts';

/** Maximum number of addresses and networks. */
export const trustedCountMax = 64;

/** Addresses and networks of trusted proxies. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #isEmpty: boolean;

  /** @param networks as {@link networkProblem} accepts them */
  constructor(networks: readonly string[]) {
    this.#isEmpty = networks.length === 0;
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  /** Whether an address is trusted. An IPv4-mapped IPv6 address counts as the IPv4 address. */
  has(address: string): boolean {
    if (this.#isEmpty) return false; // the first check of an address takes Node some ms of each start
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }
}

/** What is wrong with an address or a network in CIDR notation; undefined if nothing is. */
export function networkProblem(network: string): string | undefined {
  const [address = '', bits, more] = network.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || more !== undefined) {
    return 'expected an address or a network like 10.0.0.0/8 or fd00::/8';
  }
  if (plainAddress(address) !== address || /^::ffff:/i.test(address)) {
    return 'write IPv4 addresses without ::ffff:';
  }
  const bitsMax = family === 4 ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax)) {
    return `expected a number of bits from 0 to ${bitsMax} after the slash`;
  }
  return undefined;
}
