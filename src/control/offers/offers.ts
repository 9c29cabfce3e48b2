// The table of offers: all kinds of brokers.

import { assert } from '../../base/assert.ts';
import type { BrokerRecord } from '../broker-record.ts';
import type { MissingKind } from '../engine.ts';
import { refuse } from '../rules.ts';
import { activeMqOffers } from './activemq.ts';
import type { BrokerKind, EngineType, InstanceType, Offer, StorageType } from './offer.ts';
import { rabbitMqOffers } from './rabbitmq.ts';

/** All kinds of brokers of Amazon MQ. Those that an engine can run are offered. */
export const allOffers: readonly Offer[] = [...activeMqOffers, ...rabbitMqOffers];

/** All engine types. */
export const engineTypes: readonly EngineType[] = [
  ...new Set(allOffers.map(({ engineType }) => engineType)),
];

/** The offer of an existing broker. */
export function offerOf({ engineType, deploymentMode }: BrokerKind): Offer {
  const offer = allOffers.find(
    (row) => row.engineType === engineType && row.deploymentMode === deploymentMode,
  );
  assert(offer !== undefined, `no offer for ${engineType} in mode ${deploymentMode}`);
  return offer;
}

/** The name of an engine type in answers and messages: `ActiveMQ`. */
export function engineNameOf(engineType: EngineType): string {
  return allOffers.find((row) => row.engineType === engineType)?.engineName ?? engineType;
}

/** Whether a broker waits for its key. */
export function isKeyLost(broker: BrokerKind & Pick<BrokerRecord, 'action'>): boolean {
  return broker.action?.code === offerOf(broker).lostKeyAction;
}

/**
 * Returns the offer that a request names.
 *
 * @param offered the offers for which an engine exists
 * @param missing the kinds that this machine cannot run
 * @throws {ControlError} 'bad-request' if there is no such offer
 */
export function requireOffer(
  offered: readonly Offer[],
  engineType: string,
  deploymentMode: string,
  missing: readonly MissingKind[] = [],
): Offer {
  const rows = offered.filter((row) => row.engineType === engineType);
  const [first] = rows;
  if (first === undefined) {
    const types = [...new Set(offered.map((row) => row.engineType))];
    throw refuse(
      'engineType',
      `Broker engine type [${engineType}] is invalid. Valid values are: [${types.join(', ')}]`,
    );
  }
  const offer = rows.find((row) => row.deploymentMode === deploymentMode);
  if (offer !== undefined) return offer;
  const modes = rows.map((row) => row.deploymentMode);
  const { reason } =
    missing.find(
      (kind) => kind.engineType === engineType && kind.deploymentMode === deploymentMode,
    ) ?? {};
  throw refuse(
    'deploymentMode',
    `Deployment mode [${deploymentMode}] is invalid for engine type [${first.engineName}]` +
      `${reason === undefined ? '' : ` on this machine: ${reason}`}. ` +
      `Valid values are: [${modes.join(', ')}]`,
  );
}

/** The requested host of a broker. */
export interface HostChoice {
  readonly engineVersion: string;
  readonly storageType: StorageType;
}

/**
 * Checks that instance type, engine version and storage type fit together.
 *
 * @returns the engine version and storage type; by default, the newest version and the default
 *   storage type of the instance type
 * @throws {ControlError} 'bad-request'
 */
export function chooseHost(
  offer: Offer,
  asked: {
    readonly hostInstanceType: string;
    readonly engineVersion?: string | undefined;
    readonly storageType?: string | undefined;
  },
): HostChoice {
  const instanceType = offer.instanceTypes.find(({ name }) => name === asked.hostInstanceType);
  if (instanceType === undefined) throw refuse('hostInstanceType', `${unsupported(offer, asked)}.`);
  return {
    engineVersion: chooseVersion(offer, instanceType, asked.engineVersion),
    storageType: chooseStorage(offer, instanceType, asked.storageType),
  };
}

function unsupported(offer: Offer, { hostInstanceType }: { readonly hostInstanceType: string }) {
  return `Broker engine type [${offer.engineName}] does not support host instance type [${hostInstanceType}]`;
}

function chooseVersion(offer: Offer, instanceType: InstanceType, asked: string | undefined) {
  if (asked === undefined) return usualVersion(offer, instanceType.engineVersions);
  const short = majorMinor(asked);
  if (!/^\d+\.\d+(\.\d+)?$/.test(asked) || !offer.engineVersions.includes(short)) {
    throw refuse(
      'engineVersion',
      `Broker engine version [${asked}] is invalid. ` +
        `Valid values are: [${offer.engineVersions.join(', ')}]`,
    );
  }
  if (instanceType.engineVersions.includes(short)) return asked;
  throw refuse(
    'hostInstanceType',
    `${unsupported(offer, { hostInstanceType: instanceType.name })} with engine version ` +
      `[${asked}]. Versions with this instance type: [${instanceType.engineVersions.join(', ')}]`,
  );
}

function chooseStorage(offer: Offer, instanceType: InstanceType, asked: string | undefined) {
  const [standard] = instanceType.storageTypes;
  assert(standard !== undefined, `instance type ${instanceType.name} has no storage type`);
  if (asked === undefined) return standard;
  const of = (types: readonly StorageType[]) => types.find((type) => type === asked);
  if (of(offer.storageTypes) === undefined) {
    throw refuse(
      'storageType',
      `Storage type [${asked}] is invalid for engine type [${offer.engineName}]. ` +
        `Valid values are: [${offer.storageTypes.join(', ')}]`,
    );
  }
  const chosen = of(instanceType.storageTypes);
  if (chosen !== undefined) return chosen;
  throw refuse(
    'storageType',
    `Storage type [${asked}] is invalid for host instance type [${instanceType.name}]. ` +
      `Valid values are: [${instanceType.storageTypes.join(', ')}]`,
  );
}

/** The major and minor number of a version. */
export function majorMinor(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** The version that is chosen if a request names none: the recommended one, or the newest. */
export function usualVersion(
  { recommendedVersion }: Pick<Offer, 'recommendedVersion'>,
  versions: readonly string[],
): string {
  const found = versions.find((version) => version === recommendedVersion);
  return found ?? versions[0] ?? '';
}

/** Whether an upgrade passes over a version: RabbitMQ is upgraded one version at a time. */
export function skipsVersion(offer: Offer, from: string, to: string): boolean {
  const { engineType, engineVersions } = offer;
  const at = (version: string) => engineVersions.indexOf(majorMinor(version));
  return engineType === 'RABBITMQ' && at(from) - at(to) > 1;
}

/** Whether a version precedes another one. Patch numbers are ignored. */
export function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorThan = 0, minorThan = 0] = than.split('.').map(Number);
  return major === majorThan ? minor < minorThan : major < majorThan;
}
