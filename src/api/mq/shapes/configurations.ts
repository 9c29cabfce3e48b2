// The shapes of the operations on configurations.

import {
  integer,
  list,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { configurationLimits } from '../../../control/configurations/limits.ts';
import { nextToken, strategy, tags, text } from './common.ts';

/**
 * Maximum length of the base64 text of a configuration, in characters. It is larger than allowed,
 * so that the control plane can return the exact limit.
 */
const dataCharactersMax = 2 * configurationLimits.textBytesMax;

const revision = {
  created: timestamp('date-time'),
  description: string(),
  revision: integer(),
};

/** The members of a configuration in descriptions and lists. */
const configuration = {
  arn: string(),
  authenticationStrategy: string(),
  created: timestamp('date-time'),
  description: string(),
  engineType: string(),
  engineVersion: string(),
  id: string(),
  latestRevision: structure(revision),
  name: string(),
  tags,
};

/** CreateConfiguration, request. */
export const createConfigurationRequest = structure({
  engineType: required(text),
  name: required(text),
  authenticationStrategy: strategy,
  engineVersion: text,
  tags,
});

/** CreateConfiguration, response. */
export const createConfigurationResponse = structure({
  arn: string(),
  authenticationStrategy: string(),
  created: timestamp('date-time'),
  id: string(),
  latestRevision: structure(revision),
  name: string(),
});

/** DescribeConfiguration and DeleteConfiguration, request. */
export const configurationPath = structure({ configurationId: required(text) });

/** DescribeConfiguration, response. */
export const describeConfigurationResponse = structure(configuration);

/** DeleteConfiguration, response. */
export const deleteConfigurationResponse = structure({ configurationId: string() });

/** ListConfigurations, response. */
export const listConfigurationsResponse = structure({
  configurations: list(structure(configuration)),
  maxResults: integer(),
  nextToken: string(),
});

/** UpdateConfiguration, request. */
export const updateConfigurationRequest = structure({
  configurationId: required(text),
  data: required(sensitive(string({ max: dataCharactersMax }), '***')),
  description: string({ max: configurationLimits.descriptionCharactersMax }),
});

/** UpdateConfiguration, response. */
export const updateConfigurationResponse = structure({
  arn: string(),
  created: timestamp('date-time'),
  id: string(),
  latestRevision: structure(revision),
  name: string(),
  warnings: list(structure({ reason: string(), elementName: string(), attributeName: string() })),
});

/** ListConfigurationRevisions, request. */
export const configurationPageRequest = structure({
  configurationId: required(text),
  maxResults: integer(),
  nextToken,
});

/** ListConfigurationRevisions, response. */
export const listRevisionsResponse = structure({
  configurationId: string(),
  revisions: list(structure(revision)),
  maxResults: integer(),
  nextToken: string(),
});

/** DescribeConfigurationRevision, request. */
export const revisionPath = structure({
  configurationId: required(text),
  configurationRevision: required(text),
});

/** DescribeConfigurationRevision, response. */
export const describeRevisionResponse = structure({
  configurationId: string(),
  created: timestamp('date-time'),
  data: sensitive(string(), '***'),
  description: string(),
});
