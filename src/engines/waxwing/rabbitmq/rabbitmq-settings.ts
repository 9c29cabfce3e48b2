// The settings of a broker of RabbitMQ's type, for its process.

import { WaxwingError } from '../../../base/errors.ts';
import { readRabbitMqSettings } from '../../../control/configurations/rabbitmq/cuttlefish.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';
import type { BrokerSpec, ConfigurationSpec } from '../../../control/engine.ts';
import { ControlError } from '../../../control/errors.ts';

/**
 * Reads the configuration of a broker.
 *
 * @param authorities certificates that providers of OAuth 2.0 can have, besides those of public authorities;
 *   PEM
 * @throws {WaxwingError} `configuration-unsupported`
 */
export function rabbitMqSettings(
  { engineVersion }: Pick<BrokerSpec, 'engineVersion'>,
  { id, revision, text }: ConfigurationSpec,
  authorities: string | undefined,
): RabbitMqSettings {
  try {
    const settings = readRabbitMqSettings(text, Number.parseInt(engineVersion, 10));
    const { oauth } = settings;
    if (oauth === undefined || authorities === undefined) return settings;
    const providers = oauth.providers.map((provider) => ({ ...provider, authorities }));
    return { ...settings, oauth: { ...oauth, providers } };
  } catch (cause) {
    if (!(cause instanceof ControlError)) throw cause;
    const why = `configuration ${id}, revision ${revision}: ${cause.message}`;
    throw new WaxwingError('configuration-unsupported', why, { cause });
  }
}
