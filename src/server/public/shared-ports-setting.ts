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
  for (const { listeners } of allOffers) checkDifferent(listeners, ports);
  if (hasAwsNames || publicHosts.some((host) => isIP(host) === 0)) return;
  const text = '--shared-ports needs a DNS name in --public-host, or --aws-host-names';
  throw new ServerError('setting-invalid', `${text}: brokers are told apart by their names`);
}

/** A broker has one name: two of its listeners on one port could not be told apart. */
function checkDifferent(
  listeners: readonly { readonly name: string }[],
  ports: SharedPortNumbers,
): void {
  const found = new Map<number, string>();
  for (const { name } of listeners) {
    const port = ports.get(name);
    if (port === undefined) continue;
    const other = found.get(port);
    if (other !== undefined) {
      const allowed = `different ports for '${other}' and '${name}', which one broker has`;
      throw invalid(`${other}=${port},${name}=${port}`, allowed);
    }
    found.set(port, name);
  }
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
