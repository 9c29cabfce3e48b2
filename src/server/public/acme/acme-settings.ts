// The settings of certificates by ACME.

import { isIP } from 'node:net';
import { ServerError } from '../../errors.ts';

/** An authority that issues certificates by ACME (RFC 8555), and how it is asked. */
export interface AcmeSettings {
  /** The URL of its directory. */
  readonly directory: string;
  /** Where it reports problems; undefined for nowhere. */
  readonly email: string | undefined;
  readonly agreesToTerms: boolean;
  /** The authorities of its own certificate, PEM; undefined for public ones. */
  readonly authorities: string | undefined;
  /** The port that answers its challenges. It must be reachable as port 80 of the public names. */
  readonly httpPort: number;
}

/** The public names that a certificate can be asked for. */
export function acmeNames(publicHosts: readonly string[]): string[] {
  return [...new Set(publicHosts.filter((host) => isIP(host) === 0))].map((name) =>
    name.toLowerCase(),
  );
}

/**
 * Checks the settings.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkAcme(
  { directory, email, agreesToTerms, httpPort }: AcmeSettings,
  publicHosts: readonly string[],
): void {
  const isUrl = /^https:\/\/[^/]/.test(directory) && URL.canParse(directory);
  if (!isUrl) throw invalid('--acme-directory', directory, 'a URL that begins with https://');
  if (email !== undefined && !/^[^\s@,]{1,64}@[^\s@,]{1,189}$/.test(email)) {
    throw invalid('--acme-email', email, 'an e-mail address');
  }
  if (httpPort < 1 || httpPort > 65_535) {
    throw invalid('--acme-http-port', String(httpPort), 'a port from 1 to 65535');
  }
  if (!agreesToTerms) {
    const text = '--acme-directory is set without --acme-agree-tos';
    throw new ServerError('setting-invalid', `${text}: read the terms of service of the authority`);
  }
  if (publicHosts[0] === undefined || isIP(publicHosts[0]) !== 0) {
    const text = '--acme-directory needs a DNS name as the first --public-host';
    throw new ServerError('setting-invalid', text);
  }
}

function invalid(option: string, found: string, allowed: string): ServerError {
  return new ServerError('setting-invalid', `${option} is '${found}'; expected ${allowed}`);
}
