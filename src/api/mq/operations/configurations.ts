// The Amazon MQ operations on configurations.

import { operation } from '../../../aws/service.ts';
import { unknownRevision } from '../../../control/configurations/configuration-decisions.ts';
import type { RevisionRecord } from '../../../control/configurations/configuration-record.ts';
import type { Configuration } from '../../../control/configurations/configurations.ts';
import { configurationLimits } from '../../../control/configurations/limits.ts';
import { engineNameOf } from '../../../control/offers/offers.ts';
import { keyedPage } from '../paging.ts';
import { configurationTouched, type MqParts } from '../parts.ts';
import { creating, onConfiguration } from '../permissions.ts';
import { pageRequest } from '../shapes/common.ts';
import {
  configurationPageRequest,
  configurationPath,
  createConfigurationRequest,
  createConfigurationResponse,
  deleteConfigurationResponse,
  describeConfigurationResponse,
  describeRevisionResponse,
  listConfigurationsResponse,
  listRevisionsResponse,
  revisionPath,
  updateConfigurationRequest,
  updateConfigurationResponse,
} from '../shapes/configurations.ts';

const path = '/v1/configurations';
const pathOfOne = `${path}/{configurationId}`;
const pathOfRevisions = `${pathOfOne}/revisions`;

/** The operations on configurations and their revisions. */
export function configurationOperations(parts: MqParts) {
  return {
    CreateConfiguration: createConfiguration(parts),
    ListConfigurations: listConfigurations(parts),
    DescribeConfiguration: describeConfiguration(parts),
    UpdateConfiguration: updateConfiguration(parts),
    DeleteConfiguration: deleteConfiguration(parts),
    ListConfigurationRevisions: listConfigurationRevisions(parts),
    DescribeConfigurationRevision: describeConfigurationRevision(parts),
  };
}

function createConfiguration({ control }: MqParts) {
  return operation({
    action: 'mq:CreateConfiguration',
    readOnly: false,
    http: { method: 'POST', path },
    input: createConfigurationRequest,
    output: createConfigurationResponse,
    permissions: ({ tags }) => creating('mq:CreateConfiguration', tags),
    handle: (input) => {
      const { value, changes } = control.configurationDecisions.create(input);
      return { output: description(value), changes, resources: configurationTouched(value) };
    },
  });
}

function listConfigurations({ control }: MqParts) {
  return operation({
    action: 'mq:ListConfigurations',
    readOnly: true,
    http: { method: 'GET', path },
    input: pageRequest,
    output: listConfigurationsResponse,
    handle: (request) => {
      const all = control.configurations.all();
      const { items, maxResults, nextToken } = keyedPage('configurations', all, request, (each) => {
        return `${String(each.createdMs).padStart(15, '0')}/${each.id}`;
      });
      return { output: { configurations: items.map(description), maxResults, nextToken } };
    },
  });
}

function describeConfiguration(parts: MqParts) {
  return operation({
    action: 'mq:DescribeConfiguration',
    readOnly: true,
    http: { method: 'GET', path: pathOfOne },
    input: configurationPath,
    output: describeConfigurationResponse,
    permissions: onConfiguration('mq:DescribeConfiguration', parts),
    handle: ({ configurationId }) => {
      const configuration = parts.control.configurations.require(configurationId);
      const resources = configurationTouched(configuration);
      return { output: description(configuration), resources };
    },
  });
}

function updateConfiguration(parts: MqParts) {
  return operation({
    action: 'mq:UpdateConfiguration',
    readOnly: false,
    http: { method: 'PUT', path: pathOfOne },
    input: updateConfigurationRequest,
    output: updateConfigurationResponse,
    permissions: onConfiguration('mq:UpdateConfiguration', parts),
    handle: async ({ configurationId, ...request }) => {
      const decide = await parts.control.configurationDecisions.revise(configurationId, request);
      return () => {
        const { value, changes } = decide();
        const { configuration, warnings } = value;
        const told = warnings.slice(0, configurationLimits.warningsToldMax);
        return {
          output: { ...description(configuration), warnings: told },
          changes,
          resources: configurationTouched(configuration),
        };
      };
    },
  });
}

function deleteConfiguration(parts: MqParts) {
  return operation({
    action: 'mq:DeleteConfiguration',
    readOnly: false,
    http: { method: 'DELETE', path: pathOfOne },
    input: configurationPath,
    output: deleteConfigurationResponse,
    permissions: onConfiguration('mq:DeleteConfiguration', parts),
    handle: ({ configurationId }) => {
      const { value, changes } = parts.control.configurationDecisions.delete(configurationId);
      return { output: { configurationId }, changes, resources: configurationTouched(value) };
    },
  });
}

function listConfigurationRevisions(parts: MqParts) {
  return operation({
    action: 'mq:ListConfigurationRevisions',
    readOnly: true,
    http: { method: 'GET', path: pathOfRevisions },
    input: configurationPageRequest,
    output: listRevisionsResponse,
    permissions: onConfiguration('mq:ListConfigurationRevisions', parts),
    handle: ({ configurationId, ...request }) => {
      const configuration = parts.control.configurations.require(configurationId);
      const newestFirst = parts.control.configurations.revisions(configurationId).toReversed();
      const { items, maxResults, nextToken } = keyedPage(
        'revisions',
        newestFirst,
        request,
        ({ revision }) => String(configurationLimits.revisionCountMax - revision).padStart(6, '0'),
      );
      return {
        output: { configurationId, revisions: items.map(summary), maxResults, nextToken },
        resources: configurationTouched(configuration),
      };
    },
  });
}

function describeConfigurationRevision(parts: MqParts) {
  const { configurations } = parts.control;
  return operation({
    action: 'mq:DescribeConfigurationRevision',
    readOnly: true,
    http: { method: 'GET', path: `${pathOfRevisions}/{configurationRevision}` },
    input: revisionPath,
    output: describeRevisionResponse,
    permissions: onConfiguration('mq:DescribeConfigurationRevision', parts),
    handle: ({ configurationId, configurationRevision: asked }) => {
      const configuration = configurations.require(configurationId);
      const number = /^\d{1,6}$/.test(asked) ? Number(asked) : 0;
      const revision = configurations.revision(configurationId, number);
      if (revision === undefined) throw unknownRevision(configurationId, asked);
      const { createdMs: created, description: text } = revision;
      const data = Buffer.from(revision.text).toString('base64');
      return {
        output: { configurationId, created, data, description: text },
        resources: configurationTouched(configuration),
      };
    },
  });
}

function description(configuration: Configuration) {
  const { arn, authenticationStrategy, createdMs, engineType, engineVersion } = configuration;
  const { id, latest, name, tags } = configuration;
  return {
    arn,
    // Amazon MQ returns the strategy in lower case.
    authenticationStrategy: authenticationStrategy.toLowerCase(),
    created: createdMs,
    description: configuration.description,
    engineType: engineNameOf(engineType),
    engineVersion,
    id,
    latestRevision: summary(latest),
    name,
    tags,
  };
}

function summary({ createdMs, description: text, revision }: RevisionRecord) {
  return { created: createdMs, description: text, revision };
}
