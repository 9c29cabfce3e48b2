// Checks configurations for settings that this engine cannot enforce.

import { WaxwingError } from '../../base/errors.ts';
import { withoutComments } from '../../control/configurations/activemq/xml-tree.ts';
import type { BrokerSpec } from '../../control/engine.ts';

/**
 * Requires that a configuration does not restrict permissions. This engine does not enforce them
 * yet, and must not start a broker with more permissions than its owner configured. Other settings
 * have no effect yet.
 *
 * @throws {WaxwingError} `configuration-unsupported`, or `bad-request` if the text is not XML
 */
export function requireNoRights({ engineType, configuration }: BrokerSpec): void {
  if (engineType !== 'ACTIVEMQ' || configuration === null) return;
  const { id, revision, text } = configuration;
  if (!withoutComments(text).includes('authorizationPlugin')) return;
  const what = `revision ${revision} of configuration ${id} has an authorizationPlugin`;
  throw new WaxwingError(
    'configuration-unsupported',
    `${what}, which this engine does not enforce yet`,
  );
}
