// Reads the configuration of a broker of ActiveMQ's type.

import type { ActiveMqConfiguration } from '../../../broker/activemq/configuration.ts';
import type { BrokerSpec } from '../../../control/engine.ts';
import { readAuthorisation } from './authorisation.ts';
import { type ConfigurationElement, readBroker } from './elements.ts';

/** Maximum number of warnings about a configuration. */
const warningCountMax = 20;

/** A configuration that has been read. */
export interface ReadConfiguration {
  readonly configuration: ActiveMqConfiguration;
  /** Elements that have no effect, for the broker's log. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration of a broker. Settings that this engine does not have are left out with a
 * warning, but permissions are never left out.
 *
 * @throws {WaxwingError} `configuration-unsupported` if its permissions cannot be enforced;
 *   `bad-request` if the text is not a configuration
 */
export function readConfiguration(
  spec: Pick<BrokerSpec, 'configuration' | 'users'>,
): ReadConfiguration {
  const warnings: string[] = [];
  const warn = (text: string) => {
    if (warnings.length < warningCountMax && !warnings.includes(text)) warnings.push(text);
  };
  const { configuration } = spec;
  const broker = configuration === null ? undefined : readBroker(configuration.text);
  return { configuration: readAll(broker, spec, warn), warnings };
}

function readAll(
  broker: ConfigurationElement | undefined,
  { users }: Pick<BrokerSpec, 'users'>,
  warn: (text: string) => void,
): ActiveMqConfiguration {
  const groups = users.map(({ username, groups: own = [] }) => [username, own] as const);
  return { authorisation: broker && readAuthorisation(broker, groups, warn) };
}
