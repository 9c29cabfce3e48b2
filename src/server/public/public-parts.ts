// The parts of a service that face clients on other machines.

import type { Brokers } from '../../control/brokers.ts';
import type { ListenerAccess } from '../../net/tls-listener.ts';
import type { CertificateKeeper } from '../certificates/certificate-keeper.ts';
import type { Hosts } from '../certificates/server-certificates.ts';
import type { Settings } from '../settings.ts';
import { brokerDomains, brokerLabels } from './broker-names.ts';
import type { PublicCertificates } from './public-certificates.ts';
import type { SharedPorts } from './shared-ports.ts';

/** The certificates that listeners show, and the ports that brokers share. */
export interface PublicParts {
  readonly own: CertificateKeeper;
  readonly shown: PublicCertificates;
  /** Undefined if there are none. */
  readonly sharedPorts: SharedPorts | undefined;
  /** How clients reach the listeners of brokers. */
  readonly access: ListenerAccess;
}

/** The names that certificates of brokers have because of the settings. */
export function brokerHosts(
  settings: Settings,
  region: string,
  brokers: Pick<Brokers, 'get'>,
): Pick<Hosts, 'brokerDomains' | 'ofBroker'> {
  const domains = brokerDomains(settings, region);
  // The authority of the brokers may certify all names below the public ones already.
  const isBelow = (domain: string) =>
    settings.publicHosts.some((host) => domain.endsWith(`.${host.toLowerCase()}`));
  return {
    brokerDomains: domains.filter((domain) => !isBelow(domain)),
    ofBroker: (id) => {
      const broker = brokers.get(id);
      const labels = broker === undefined ? [] : brokerLabels(broker);
      return labels.flatMap((label) => domains.map((domain) => `${label}.${domain}`));
    },
  };
}

/** The shared ports, which are not open yet; undefined if there are none. Loaded only if there are. */
export async function sharedPortsOf(
  settings: Settings,
  region: string,
  brokers: Pick<Brokers, 'get'>,
): Promise<SharedPorts | undefined> {
  const { trustedProxies, sharedPorts } = settings.publicAccess;
  if (sharedPorts.size === 0) return undefined;
  const { SharedPorts: Opened } = await import('./shared-ports.ts');
  return new Opened({
    host: settings.host,
    ports: sharedPorts,
    trustedProxies,
    domains: brokerDomains(settings, region),
    brokerOf: (id) => brokers.get(id),
  });
}
