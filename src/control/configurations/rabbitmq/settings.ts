// The settings of a RabbitMQ configuration in the form that brokers use.

import type { OAuthSettings } from '../../../oauth/settings.ts';
import { type BrokerLimits, readLimits } from './broker-limits.ts';
import {
  type ClientCertificates,
  readClientCertificates,
  readMechanisms,
} from './client-certificates.ts';
import { type HttpServiceSettings, readHttp } from './http.ts';
import { type LdapServiceSettings, readLdap } from './ldap.ts';
import { type ListenerPorts, readListeners } from './listeners.ts';
import { type LoginServiceUse, readLoginServices } from './login-services.ts';
import { type MqttSettings, readMqtt } from './mqtt.ts';
import { readOAuth, type Settings } from './oauth.ts';
import { readStomp, type StompSettings } from './stomp.ts';

/** The settings of a broker of RabbitMQ's type. Plain JSON. */
export interface RabbitMqSettings {
  /** The services that check log-ins, in the order in which they are asked. */
  readonly loginServices: readonly LoginServiceUse[];
  /** Undefined unless a service uses OAuth 2.0. */
  readonly oauth?: OAuthSettings;
  /** Undefined unless a service is an HTTP service. */
  readonly http?: HttpServiceSettings;
  /** Undefined unless a service is an LDAP server. */
  readonly ldap?: LdapServiceSettings;
  /** The SASL mechanisms. */
  readonly mechanisms: readonly string[];
  /** Undefined if client certificates are not requested. */
  readonly clientCertificates?: ClientCertificates;
  readonly limits: BrokerLimits;
  /** The ports of listeners that are off by default. */
  readonly listeners: ListenerPorts;
  readonly mqtt: MqttSettings;
  readonly stomp: StompSettings;
  /** Whether administrators may change operator policies. */
  readonly changesOperatorPolicies: boolean;
  /** ARNs of certificates, keys and passwords by key, without `aws.arns.`. */
  readonly arns: Readonly<Record<string, string>>;
}

const arnPrefix = 'aws.arns.';

/**
 * Reads settings that were checked one by one.
 *
 * @throws {SettingsError} if they are incomplete or contradict each other
 */
export function readSettings(settings: Settings): RabbitMqSettings {
  const loginServices = readLoginServices(settings);
  const uses = (name: LoginServiceUse['authentication']) =>
    loginServices.some(({ authentication }) => authentication === name);
  const arns = [...settings].flatMap(([key, value]) =>
    key.startsWith(arnPrefix) ? [[key.slice(arnPrefix.length), value]] : [],
  );
  const clientCertificates = readClientCertificates(settings);
  return {
    loginServices,
    mechanisms: readMechanisms(settings),
    ...(clientCertificates && { clientCertificates }),
    ...(uses('oauth2') && { oauth: readOAuth(settings) }),
    ...(uses('http') && { http: readHttp(settings) }),
    ...(uses('ldap') && { ldap: readLdap(settings) }),
    limits: readLimits(settings),
    listeners: readListeners(settings),
    mqtt: readMqtt(settings),
    stomp: readStomp(settings),
    changesOperatorPolicies:
      settings.get('management.restrictions.operator_policy_changes.disabled') === 'false',
    arns: Object.fromEntries(arns),
  };
}
