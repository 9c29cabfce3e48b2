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
  const { id, revision, text } = configuration;
  const translated = translate(text, engineVersion);
  if (Array.isArray(translated)) return translated;
  const why = `configuration ${id}, revision ${revision}: ${translated}`;
  throw new WaxwingError('configuration-unsupported', why);
}

/** Why clusters of a version cannot run with a configuration; undefined if they can. */
export function whyUnusable(text: string, engineVersion: string): string | undefined {
  const translated = translate(text, engineVersion);
  return Array.isArray(translated) ? undefined : translated;
}

/** The lines for `rabbitmq.conf`, or why there are none. */
function translate(text: string, engineVersion: string): string[] | string {
  const major = Number.parseInt(engineVersion, 10);
  const known = major >= 4 ? [...always, ...since4] : always;
  const refusal = (why: string) =>
    `${why}; clusters of RabbitMQ ${engineVersion} support the keys ${known.join(', ')}`;
  try {
    const settings = readCuttlefish(text, major);
    const unknown = settings.find(({ key }) => !known.includes(key));
    if (unknown !== undefined) return refusal(`the key ${unknown.key} is not supported`);
    return settings.map(({ key, value }) => {
      const isUnlimited = key === 'consumer_timeout' && Number(value) === 0;
      return `${key} = ${isUnlimited ? longestMs : value}`;
    });
  } catch (error) {
    if (error instanceof ControlError) return refusal(error.message.replace(/\.$/, ''));
    throw error;
  }
}
