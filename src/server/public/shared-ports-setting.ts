// The setting of ports that all brokers share.

import { isIP } from 'node:net';
import { allOffers } from '../../control/offers/offers.ts';
import { ServerError } from '../errors.ts';

/** The shared port of each listener, by the listener's name. */
export type SharedPortNumbers = ReadonlyMap<string, number>;

/**
 * Checks the ports.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkSharedPorts(
  ports: SharedPortNumbers,
  { apiPort, publicHosts, hasAwsNames }: SharedPortNeeds,
): void {
  if (ports.size === 0) return;
  const known = [
    ...new Set(allOffers.flatMap(({ listeners }) => listeners.map(({ name }) => name))),
  ];
  for (const [name, port] of ports) {
    if (!known.includes(name))
      throw invalid(`${name}=${port}`, `a listener of ${known.join(', ')}`);
    if (port < 1 || port > 65_535) throw invalid(`${name}=${port}`, 'a port from 1 to 65535');
    if (port === apiPort) throw invalid(`${name}=${port}`, 'another port than that of the API');
  }
  if (hasAwsNames || publicHosts.some((host) => isIP(host) === 0)) return;
  const text = '--shared-ports needs a DNS name in --public-host, or --aws-host-names';
  throw new ServerError('setting-invalid', `${text}: brokers are told apart by their names`);
}

/** What shared ports depend on. */
export interface SharedPortNeeds {
  readonly apiPort: number;
  readonly publicHosts: readonly string[];
  readonly hasAwsNames: boolean;
}

function invalid(found: string, allowed: string): ServerError {
  return new ServerError('setting-invalid', `--shared-ports has '${found}'; expected ${allowed}`);
}
