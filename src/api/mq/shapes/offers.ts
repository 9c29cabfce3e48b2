// The shapes of the operations on engine types and instance options.

import { integer, list, string, structure } from '../../../aws/shapes/shape.ts';
import { nextToken, text } from './common.ts';

/** The request of DescribeBrokerEngineTypes. */
export const engineTypesRequest = structure({
  engineType: text,
  maxResults: integer(),
  nextToken,
});

/** The response of DescribeBrokerEngineTypes. */
export const engineTypesResponse = structure({
  brokerEngineTypes: list(
    structure({ engineType: string(), engineVersions: list(structure({ name: string() })) }),
  ),
  maxResults: integer(),
  nextToken: string(),
});

/** The request of DescribeBrokerInstanceOptions. */
export const instanceOptionsRequest = structure({
  engineType: text,
  hostInstanceType: text,
  storageType: text,
  maxResults: integer(),
  nextToken,
});

/** The response of DescribeBrokerInstanceOptions. */
export const instanceOptionsResponse = structure({
  brokerInstanceOptions: list(
    structure({
      availabilityZones: list(structure({ name: string() })),
      engineType: string(),
      hostInstanceType: string(),
      storageType: string(),
      supportedDeploymentModes: list(string()),
      supportedEngineVersions: list(string()),
    }),
  ),
  maxResults: integer(),
  nextToken: string(),
});
