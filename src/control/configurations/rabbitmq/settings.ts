// The settings of a RabbitMQ configuration in the form that brokers use.

import type { OAuthSettings } from '../../../oauth/settings.ts';
import { type LoginServiceUse, readLoginServices } from './login-services.ts';
import { readOAuth, type Settings } from './oauth.ts';

/** The settings of a broker of RabbitMQ's type. Plain JSON. */
export interface RabbitMqSettings {
  /** The services that check log-ins, in the order in which they are asked. */
  readonly loginServices: readonly LoginServiceUse[];
  /** Undefined unless a service uses OAuth 2.0. */
  readonly oauth?: OAuthSettings;
}

/**
 * Reads settings that were checked one by one.
 *
 * @throws {SettingsError} if they are incomplete or contradict each other
 */
export function readSettings(settings: Settings): RabbitMqSettings {
  const loginServices = readLoginServices(settings);
  const usesOAuth = loginServices.some(({ authentication }) => authentication === 'oauth2');
  return { loginServices, ...(usesOAuth && { oauth: readOAuth(settings) }) };
}
