// Checks configurations for settings that this engine cannot enforce.

import { WaxwingError } from '../../base/errors.ts';
import type { BrokerSpec } from '../../control/engine.ts';

const comments = /<!--.*?-->/gs;

/**
 * Requires that a configuration does not restrict permissions. This engine does not enforce them
 * yet, and must not start a broker with more permissions than its owner configured. Other settings
 * have no effect yet.
 *
 * @throws {WaxwingError} `configuration-unsupported`
 */
export function requireNoRights({ engineType, configuration }: BrokerSpec): void {
  if (engineType !== 'ACTIVEMQ' || configuration === null) return;
  const { id, revision, text } = configuration;
  if (!/<([\w.-]+:)?authorizationPlugin\b/.test(text.replace(comments, ''))) return;
  const what = `revision ${revision} of configuration ${id} has an authorizationPlugin`;
  throw new WaxwingError(
    'configuration-unsupported',
    `${what}, which this engine does not enforce yet`,
  );
}
