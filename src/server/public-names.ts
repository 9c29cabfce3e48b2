// The names by which clients reach the service.

import { isIP, isIPv6 } from 'node:net';
import { ServerError } from './errors.ts';
import type { Settings } from './settings.ts';

/** Maximum number of public names: each one is in every certificate. */
const publicHostCountMax = 16;

type Names = Pick<Settings, 'host' | 'publicHosts'>;

/** The host in URLs for clients on this machine. */
export function localHost({ host }: Names): string {
  return urlHost(nameOf(host));
}

/** The host in the endpoints of brokers, and in URLs of the API for clients on other machines. */
export function publicHost({ host, publicHosts }: Names): string {
  return urlHost(publicHosts[0] ?? nameOf(host));
}

/** The names and addresses in the certificates. */
export function servedNames({ host, publicHosts }: Names): string[] {
  return [...new Set([...publicHosts, nameOf(host), 'localhost', '127.0.0.1', '::1'])];
}

/**
 * Checks public names: DNS names (RFC 1123, section 2.1) or IP addresses.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkPublicHosts(hosts: readonly string[]): void {
  if (hosts.length > publicHostCountMax) {
    throw invalid(`${hosts.length} names`, `at most ${publicHostCountMax}`);
  }
  for (const host of hosts) {
    const isName =
      host.length <= 253 && /^(?!-)[a-z\d-]{1,63}(\.(?!-)[a-z\d-]{1,63})*$/i.test(host);
    if (isIP(host) === 0 && !isName) throw invalid(host, 'a host name or an IP address, no port');
  }
}

function invalid(found: string, allowed: string): ServerError {
  return new ServerError('setting-invalid', `--public-host is '${found}'; expected ${allowed}`);
}

/** The host name that clients use for a listening address. */
function nameOf(host: string): string {
  return ['127.0.0.1', '::1', '0.0.0.0', '::', ''].includes(host) ? 'localhost' : host;
}

/** A host as part of a URL: IPv6 addresses have brackets. */
function urlHost(host: string): string {
  // The test of an address compiles a large pattern at its first use.
  return host.includes(':') && isIPv6(host) ? `[${host}]` : host;
}
