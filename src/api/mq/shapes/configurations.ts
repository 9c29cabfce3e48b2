// The shapes of the operations on configurations.

import {
  freeText,
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

/** The request of CreateConfiguration. */
export const createConfigurationRequest = structure({
  engineType: required(text),
  name: required(freeText('configuration name', text)),
  authenticationStrategy: strategy,
  engineVersion: text,
  tags,
});

/** The response of CreateConfiguration. */
export const createConfigurationResponse = structure({
  arn: string(),
  authenticationStrategy: string(),
  created: timestamp('date-time'),
  id: string(),
  latestRevision: structure(revision),
  name: string(),
});

/** The request of DescribeConfiguration and DeleteConfiguration. */
export const configurationPath = structure({ configurationId: required(text) });

/** The response of DescribeConfiguration. */
export const describeConfigurationResponse = structure(configuration);

/** The response of DeleteConfiguration. */
export const deleteConfigurationResponse = structure({ configurationId: string() });

/** The response of ListConfigurations. */
export const listConfigurationsResponse = structure({
  configurations: list(structure(configuration)),
  maxResults: integer(),
  nextToken: string(),
});

/** The request of UpdateConfiguration. */
export const updateConfigurationRequest = structure({
  configurationId: required(text),
  data: required(sensitive(string({ max: dataCharactersMax }), '***')),
  description: freeText(
    'description',
    string({ max: configurationLimits.descriptionCharactersMax }),
  ),
});

/** The response of UpdateConfiguration. */
export const updateConfigurationResponse = structure({
  arn: string(),
  created: timestamp('date-time'),
  id: string(),
  latestRevision: structure(revision),
  name: string(),
  warnings: list(structure({ reason: string(), elementName: string(), attributeName: string() })),
});

/** The request of ListConfigurationRevisions. */
export const configurationPageRequest = structure({
  configurationId: required(text),
  maxResults: integer(),
  nextToken,
});

/** The response of ListConfigurationRevisions. */
export const listRevisionsResponse = structure({
  configurationId: string(),
  revisions: list(structure(revision)),
  maxResults: integer(),
  nextToken: string(),
});

/** The request of DescribeConfigurationRevision. */
export const revisionPath = structure({
  configurationId: required(text),
  configurationRevision: required(text),
});

/** The response of DescribeConfigurationRevision. */
export const describeRevisionResponse = structure({
  configurationId: string(),
  created: timestamp('date-time'),
  data: sensitive(string(), '***'),
  description: string(),
});
