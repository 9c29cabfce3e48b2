// Rules for configurations.

import type { EngineType, Offer } from '../offers/offer.ts';
import { majorMinor, usualVersion } from '../offers/offers.ts';
import { refuse } from '../rules.ts';
import type { SanitisingWarning } from './activemq/sanitise.ts';
import { configurationLimits } from './limits.ts';

/** @throws {ControlError} 'bad-request' */
export function checkConfigurationName(name: string): void {
  if (/^[0-9A-Za-z._~-]{1,150}$/.test(name)) return;
  throw refuse(
    'name',
    `Configuration name [${name.slice(0, 160)}] is invalid. It must be 1 to 150 characters long and ` +
      'contain only letters, digits, hyphens (-), periods (.), underscores (_) and tildes (~).',
  );
}

/**
 * Returns the kind of broker that a configuration is for.
 *
 * @param offers all kinds of brokers of Amazon MQ, then those that this machine can run: an engine that is
 *   installed may have other versions
 * @throws {ControlError} 'bad-request'
 */
export function chooseEngine(
  offers: readonly Offer[],
  asked: {
    readonly engineType: string;
    readonly engineVersion?: string | undefined;
    readonly authenticationStrategy?: string | undefined;
  },
): { engineType: EngineType; engineVersion: string; engineName: string; strategy: string } {
  const rows = offers.filter(({ engineType }) => engineType === asked.engineType.toUpperCase());
  const [offer] = rows;
  if (offer === undefined) {
    const types = [...new Set(offers.map(({ engineType }) => engineType))];
    throw refuse(
      'engineType',
      `Broker engine type [${asked.engineType}] is invalid. Valid values are: [${types.join(', ')}]`,
    );
  }
  const { engineType, engineName, rules } = offer;
  const engineVersions = [...new Set(rows.flatMap((row) => row.engineVersions))];
  const usual = usualVersion(offer, offer.engineVersions);
  const { engineVersion = usual, authenticationStrategy: strategy = 'SIMPLE' } = asked;
  const isVersion = /^\d+\.\d+(\.\d+)?$/.test(engineVersion);
  if (!isVersion || !engineVersions.includes(majorMinor(engineVersion))) {
    throw refuse(
      'engineVersion',
      `Broker engine version [${engineVersion}] is invalid. ` +
        `Valid values are: [${engineVersions.join(', ')}]`,
    );
  }
  if (!rules.authenticationStrategies.includes(strategy)) {
    throw refuse(
      'authenticationStrategy',
      `Authentication strategy [${strategy}] is invalid for engine type [${engineName}]. ` +
        `Valid values are: [${rules.authenticationStrategies.join(', ')}]`,
    );
  }
  return { engineType, engineVersion, engineName, strategy };
}

/** The stored text equals the given text, including a byte order mark. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Decodes the text of a configuration in a request.
 *
 * @throws {ControlError} 'bad-request'; the message does not contain any of the text
 */
export function readData(data: string): string {
  const joined = data.replaceAll(/[\r\n]/g, '');
  if (joined === '') throw refuse('data', 'The configuration is empty.');
  if (!base64.test(joined)) throw refuse('data', 'The configuration is not valid base64.');
  const bytes = Buffer.from(joined, 'base64');
  const { textBytesMax } = configurationLimits;
  if (bytes.length > textBytesMax) {
    const text = `The configuration has ${bytes.length} bytes; at most ${textBytesMax} are allowed.`;
    throw refuse('data', text);
  }
  try {
    return utf8.decode(bytes);
  } catch {
    throw refuse('data', 'The configuration is not valid UTF-8.');
  }
}

/** The accepted text, and the settings that were removed from it. */
export interface AcceptedText {
  readonly text: string;
  readonly warnings: readonly SanitisingWarning[];
}

/**
 * Validates the text of a configuration. The parsers are loaded at the first call.
 *
 * @throws {ControlError} 'bad-request'
 */
export async function acceptText(
  text: string,
  configuration: {
    readonly engineType: EngineType;
    readonly engineVersion: string;
    readonly authenticationStrategy: string;
  },
): Promise<AcceptedText> {
  const { engineType, engineVersion, authenticationStrategy } = configuration;
  if (engineType === 'ACTIVEMQ') {
    const { sanitise } = await import('./activemq/sanitise.ts');
    return sanitise(text, { isLdap: authenticationStrategy === 'LDAP' });
  }
  const { readCuttlefish } = await import('./rabbitmq/cuttlefish.ts');
  readCuttlefish(text, Number.parseInt(engineVersion, 10));
  return { text, warnings: [] };
}
