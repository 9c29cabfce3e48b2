// The Amazon MQ operations that list engine types and instance options.

import { operation } from '../../../aws/service.ts';
import { ControlError } from '../../../control/errors.ts';
import type { EngineType, Offer, StorageType } from '../../../control/offers/offer.ts';
import { engineTypes, isOlder } from '../../../control/offers/offers.ts';
import { fixedPage } from '../paging.ts';
import type { MqParts } from '../parts.ts';
import {
  engineTypesRequest,
  engineTypesResponse,
  instanceOptionsRequest,
  instanceOptionsResponse,
} from '../shapes/offers.ts';

/** Lists the supported engine types with their versions. */
export function describeBrokerEngineTypes({ control }: MqParts) {
  return operation({
    action: 'mq:DescribeBrokerEngineTypes',
    readOnly: true,
    http: { method: 'GET', path: '/v1/broker-engine-types' },
    input: engineTypesRequest,
    output: engineTypesResponse,
    handle: (request) => {
      const isWanted = engineFilter(request.engineType);
      // Engines can be added after this operation was composed.
      const all = engineRows(control.engines.offered).filter(isWanted);
      const { items, maxResults, nextToken } = fixedPage(all, request);
      return { output: { brokerEngineTypes: items, maxResults, nextToken } };
    },
  });
}

/** Lists the supported instance types with their options. */
export function describeBrokerInstanceOptions({ control, region }: MqParts) {
  return operation({
    action: 'mq:DescribeBrokerInstanceOptions',
    readOnly: true,
    http: { method: 'GET', path: '/v1/broker-instance-options' },
    input: instanceOptionsRequest,
    output: instanceOptionsResponse,
    handle: (request) => {
      const { hostInstanceType = '', storageType = '' } = request;
      const isWanted = engineFilter(request.engineType);
      const all = instanceRows(control.engines.offered, region).filter(
        (row) =>
          isWanted(row) &&
          ['', row.hostInstanceType].includes(hostInstanceType) &&
          ['', row.storageType].includes(storageType.toUpperCase()),
      );
      const { items, maxResults, nextToken } = fixedPage(all, request);
      return { output: { brokerInstanceOptions: items, maxResults, nextToken } };
    },
  });
}

/** One row for each engine type, with the versions of all its deployment modes. */
function engineRows(offered: readonly Offer[]) {
  return engineTypes.flatMap((engineType) => {
    const versions = offered
      .filter((offer) => offer.engineType === engineType)
      .flatMap((offer) => offer.engineVersions);
    const engineVersions = newestFirst(versions).map((name) => ({ name }));
    return engineVersions.length === 0 ? [] : [{ engineType, engineVersions }];
  });
}

/** The versions without repetitions: clusters may have others than single instances. */
function newestFirst(versions: readonly string[]): string[] {
  const all = [...new Set(versions)];
  return all.toSorted((a, b) => (isOlder(a, b) ? 1 : Number(isOlder(b, a)) * -1));
}

/** A row of instance options that is still being filled. */
interface InstanceRow {
  readonly availabilityZones: { readonly name: string }[];
  readonly engineType: EngineType;
  readonly hostInstanceType: string;
  readonly storageType: StorageType;
  readonly supportedDeploymentModes: string[];
  readonly supportedEngineVersions: string[];
}

/** The names of the availability zones of the instances of a broker. */
const zones = ['a', 'b', 'c'];

/**
 * One row for each engine type, instance type and storage type. Deployment modes with other versions
 * have a row of their own: each mode of a row has all of its versions.
 */
function instanceRows(offered: readonly Offer[], region: string): InstanceRow[] {
  const rows = new Map<string, InstanceRow>();
  for (const { engineType, deploymentMode, instanceTypes, instanceCount } of offered) {
    for (const { name, engineVersions, storageTypes } of instanceTypes) {
      for (const storageType of storageTypes) {
        const key = `${engineType} ${name} ${storageType} ${engineVersions.join()}`;
        const row = rows.get(key) ?? {
          availabilityZones: [],
          engineType,
          hostInstanceType: name,
          storageType,
          supportedDeploymentModes: [],
          supportedEngineVersions: [...engineVersions],
        };
        row.supportedDeploymentModes.push(deploymentMode);
        for (const zone of zones.slice(row.availabilityZones.length, instanceCount)) {
          row.availabilityZones.push({ name: `${region}${zone}` });
        }
        rows.set(key, row);
      }
    }
  }
  return [...rows.values()];
}

/**
 * Returns a filter for the engine type that a request names.
 *
 * @throws {ControlError} 'bad-request' if the engine type does not exist
 */
function engineFilter(
  engineType: string | undefined,
): (row: { readonly engineType: EngineType }) => boolean {
  if (engineType === undefined) return () => true;
  const wanted = engineTypes.find((known) => known === engineType.toUpperCase());
  if (wanted !== undefined) return (row) => row.engineType === wanted;
  throw new ControlError(
    'bad-request',
    `Broker engine type [${engineType}] is invalid. Valid values are: [${engineTypes.join(', ')}]`,
    'engineType',
  );
}
