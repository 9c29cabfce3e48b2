// The setting of trusted proxies.

import {
  networkProblem,
  TrustedProxies,
  trustedCountMax,
} from '../../net/proxy-protocol/trusted-proxies.ts';
import { ServerError } from '../errors.ts';

/** The addresses from which clients on this machine connect, such as `waxwing status`. */
const ownAddresses = ['127.0.0.1', '::1'];

/**
 * Checks the addresses and networks of trusted proxies.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkTrustedProxies(networks: readonly string[]): void {
  if (networks.length > trustedCountMax) {
    throw invalid(`${networks.length} networks`, `at most ${trustedCountMax} are allowed`);
  }
  for (const network of networks) {
    const problem = networkProblem(network);
    if (problem !== undefined) throw invalid(`'${network}'`, problem);
  }
  const trusted = new TrustedProxies(networks);
  const own = ownAddresses.find((address) => trusted.has(address));
  if (own === undefined) return;
  const text = `it includes ${own}, from which the commands of this machine connect without a header`;
  throw invalid(`'${networks.join(',')}'`, `${text}; let a proxy on this machine use 127.0.0.2`);
}

function invalid(found: string, problem: string): ServerError {
  return new ServerError('setting-invalid', `--proxy-protocol is ${found}: ${problem}`);
}
