// The lines of a broker's configuration that its nodes get.

import { WaxwingError } from '../../base/errors.ts';
import { readCuttlefish } from '../../control/configurations/rabbitmq/cuttlefish.ts';
import type { BrokerSpec } from '../../control/engine.ts';
import { ControlError } from '../../control/errors.ts';

/** Keys that nodes of any version know. */
const always = ['consumer_timeout', 'heartbeat'];
/** Keys that nodes know from RabbitMQ 4. */
const since4 = [
  'connection_max',
  'channel_max_per_node',
  'cluster_queue_limit',
  'cluster_exchange_limit',
  'vhost_max',
  'consumer_max_per_channel',
  'max_message_size',
  'runtime_parameters.limits.shovel',
  'management.restrictions.operator_policy_changes.disabled',
  'quorum_queue.property_equivalence.relaxed_checks_on_redeclaration',
];

/** What stands for no limit: nodes have no value for it. */
const longestMs = 2_147_483_647;

/** The lines that nodes of a version know, of those for a newer or the same one. */
export function linesKnownBy(lines: readonly string[], version: string): string[] {
  if (Number.parseInt(version, 10) >= 4) return [...lines];
  return lines.filter((line) => always.some((key) => line.startsWith(`${key} = `)));
}

/**
 * Returns the lines of a configuration for `rabbitmq.conf`. Every key and value was checked when the
 * configuration was stored, and is checked again.
 *
 * @throws {WaxwingError} `configuration-unsupported` for keys that clusters do not support
 */
export function ownLines({
  configuration,
  engineVersion,
}: Pick<BrokerSpec, 'configuration' | 'engineVersion'>): string[] {
  if (configuration === null) return [];
  const major = Number.parseInt(engineVersion, 10);
  const known = major >= 4 ? [...always, ...since4] : always;
  const refuse = (why: string, cause?: unknown) => {
    const { id, revision } = configuration;
    const text = `configuration ${id}, revision ${revision}: ${why}`;
    return new WaxwingError('configuration-unsupported', text, { cause });
  };
  try {
    return readCuttlefish(configuration.text, major).map(({ key, value }) => {
      if (!known.includes(key)) {
        throw refuse(
          `clusters of RabbitMQ ${engineVersion} do not support the key ${key}; ` +
            `supported are: ${known.join(', ')}`,
        );
      }
      const isUnlimited = key === 'consumer_timeout' && Number(value) === 0;
      return `${key} = ${isUnlimited ? longestMs : value}`;
    });
  } catch (cause) {
    if (!(cause instanceof ControlError)) throw cause;
    throw refuse(cause.message, cause);
  }
}
