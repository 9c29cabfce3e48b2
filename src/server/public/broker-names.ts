// The names and ports by which clients reach brokers.

import { isIP } from 'node:net';
import { type BrokerRecord, portOf } from '../../control/broker-record.ts';
import { offerOf } from '../../control/offers/offers.ts';
import { publicHost } from '../public-names.ts';
import type { Settings } from '../settings.ts';

type Named = Pick<BrokerRecord, 'id' | 'engineType' | 'deploymentMode'>;
type NameSettings = Pick<Settings, 'host' | 'publicHosts' | 'publicAccess'>;

/**
 * The domains with a name for each broker; the first one is that of endpoints. Empty if all brokers have
 * the name of the service.
 */
export function brokerDomains(
  { publicHosts, publicAccess }: NameSettings,
  region: string,
): string[] {
  const { hasAwsNames, sharedPorts } = publicAccess;
  if (!hasAwsNames && sharedPorts.size === 0) return [];
  const own = publicHosts.filter((name) => isIP(name) === 0).map((name) => `mq.${name}`);
  return [...(hasAwsNames ? [`mq.${region}.amazonaws.com`] : []), ...own].map((name) =>
    name.toLowerCase(),
  );
}

/** The first label of the names of a broker, one for each endpoint, as in Amazon MQ. */
export function brokerLabels(broker: Named): string[] {
  if (broker.engineType === 'RABBITMQ') return [broker.id];
  const { endpointCount } = offerOf(broker);
  return Array.from({ length: endpointCount }, (_, i) => `${broker.id}-${i + 1}`);
}

/** The host and port of endpoints. */
export class EndpointNames {
  readonly #settings: NameSettings;
  readonly #domain: string | undefined;

  constructor(settings: NameSettings, region: string) {
    this.#settings = settings;
    this.#domain = brokerDomains(settings, region)[0];
  }

  /** The authority of an endpoint's URL, `host:port`; undefined if its port is not known. */
  authorityOf(broker: BrokerRecord, listener: string, endpoint = 1): string | undefined {
    const port = portOf(broker, listener, endpoint);
    if (port === undefined) return undefined;
    const label = brokerLabels(broker)[endpoint - 1];
    const isNamed = this.#domain !== undefined && label !== undefined;
    const host = isNamed ? `${label}.${this.#domain}` : publicHost(this.#settings);
    const shared = this.#settings.publicAccess.sharedPorts.get(listener);
    return `${host}:${isNamed && shared !== undefined ? shared : port}`;
  }
}
