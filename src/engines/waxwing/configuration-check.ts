import { WaxwingError } from '../../base/errors.ts';
import type { BrokerSpec } from '../../control/engine.ts';

const comments = /<!--.*?-->/gs;

/**
 * Requires a configuration that does not ask for rights: this engine does not keep them, and a broker that
 * gave everybody everything would not be what its owner asked for. What else is in it has no effect yet.
 *
 * @throws {WaxwingError} `configuration-unsupported`
 */
export function requireNoRights({ engineType, configuration }: BrokerSpec): void {
  if (engineType !== 'ACTIVEMQ' || configuration === null) return;
  const { id, revision, text } = configuration;
  if (!/<([\w.-]+:)?authorizationPlugin\b/.test(text.replace(comments, ''))) return;
  const what = `revision ${revision} of configuration ${id} has an authorizationPlugin`;
  throw new WaxwingError('configuration-unsupported', `${what}, which this engine cannot keep yet`);
}
