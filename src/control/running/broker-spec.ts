// What an engine is told to run a broker.

import { assert } from '../../base/assert.ts';
import type { BrokerRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { Configurations } from '../configurations/configurations.ts';
import type { BrokerSpec, ConfigurationSpec, LdapSpec } from '../engine.ts';
import type { Engines } from '../engines.ts';
import { majorMinor } from '../offers/offers.ts';
import { ldapSpec, type OpenSecret } from '../users/ldap.ts';

/** What specifications are made of, besides the record of the broker. */
export interface SpecParts {
  readonly brokers: Pick<Brokers, 'all'>;
  readonly configurations: Pick<Configurations, 'revision'>;
  readonly engines: Pick<Engines, 'listenersOf'>;
  readonly openSecret: OpenSecret;
}

/** The specification of a broker as its record states it. */
export function brokerSpec(broker: BrokerRecord, parts: SpecParts): BrokerSpec {
  const { id, name, engineType, deploymentMode, engineVersion, instances, ports } = broker;
  const { hostInstanceType, authenticationStrategy, users } = broker;
  const others = [...parts.brokers.all()].filter((other) => other.id !== id);
  const portsOfOthers = others.flatMap((other) =>
    other.ports.flatMap(({ port, wantedPort }) => [port, wantedPort]),
  );
  const volumes = broker.volumes.map((volume) => ({
    id: volume.id,
    epoch: volume.epoch,
    epochMin: volume.mountedEpoch,
    isRebuilt: !volume.isMade,
  }));
  return {
    id,
    name,
    engineType,
    deploymentMode,
    engineVersion,
    hostInstanceType,
    authenticationStrategy,
    ldap: ldapOf(broker, parts.openSecret),
    configuration: configurationOf(broker, parts.configurations),
    logs: { general: broker.generalLog, audit: broker.auditLog ?? false },
    listeners: parts.engines.listenersOf(broker),
    volumes,
    instances,
    ports,
    portsOfOthers,
    users,
  };
}

/**
 * States in a specification with which versions the instances were used last, and whether the version is
 * another one than before.
 *
 * @param before the record before pending settings were applied
 */
export function withVersions(spec: BrokerSpec, before: BrokerRecord): BrokerSpec {
  const { engineVersion: present } = before;
  const instances = before.instances.map(({ engineVersion = present, ...instance }) => {
    return { ...instance, engineVersion };
  });
  const isUpgrade = majorMinor(present) !== majorMinor(spec.engineVersion);
  return { ...spec, instances, ...(isUpgrade && { previousVersion: present }) };
}

function ldapOf(
  { id, authenticationStrategy, ldap }: BrokerRecord,
  openSecret: OpenSecret,
): LdapSpec | null {
  if (authenticationStrategy !== 'LDAP' || ldap === null) return null;
  return ldapSpec(ldap, id, openSecret);
}

function configurationOf(
  { configuration: use }: BrokerRecord,
  configurations: SpecParts['configurations'],
): ConfigurationSpec | null {
  if (use === null) return null;
  const revision = configurations.revision(use.id, use.revision);
  assert(revision !== undefined, `configuration ${use.id} is kept as long as a broker uses it`);
  return { ...use, text: revision.text };
}
