// The Amazon MQ operations on configurations.

import { operation, refusal } from '../../../aws/service.ts';
import type { Shape } from '../../../aws/shapes/shape.ts';
import { ControlError } from '../../../control/errors.ts';
import { fixedPage } from '../paging.ts';
import {
  configurationPageRequest,
  configurationPath,
  createConfigurationRequest,
  listConfigurationsResponse,
  nothing,
  pageRequest,
  revisionPath,
  updateConfigurationRequest,
} from '../shapes.ts';

const path = '/v1/configurations';
const pathOfOne = `${path}/{configurationId}`;

/** The operations on configurations. There are none: brokers use the defaults of their engine. */
export function configurationOperations() {
  return {
    CreateConfiguration: createConfiguration(),
    ListConfigurations: listConfigurations(),
    DescribeConfiguration: unknown('DescribeConfiguration', true, configurationPath, {
      method: 'GET',
      path: pathOfOne,
    }),
    UpdateConfiguration: unknown('UpdateConfiguration', false, updateConfigurationRequest, {
      method: 'PUT',
      path: pathOfOne,
    }),
    DeleteConfiguration: unknown('DeleteConfiguration', false, configurationPath, {
      method: 'DELETE',
      path: pathOfOne,
    }),
    ListConfigurationRevisions: unknown(
      'ListConfigurationRevisions',
      true,
      configurationPageRequest,
      { method: 'GET', path: `${pathOfOne}/revisions` },
    ),
    DescribeConfigurationRevision: unknown('DescribeConfigurationRevision', true, revisionPath, {
      method: 'GET',
      path: `${pathOfOne}/revisions/{configurationRevision}`,
    }),
  };
}

function createConfiguration() {
  return refusal({
    action: 'mq:CreateConfiguration',
    readOnly: false,
    http: { method: 'POST', path },
    input: createConfigurationRequest,
    output: nothing,
    refuse: () =>
      new ControlError(
        'bad-request',
        "Configurations are not supported. A broker is created without one and has its engine's " +
          'defaults.',
        'configuration',
      ),
  });
}

function listConfigurations() {
  return operation({
    action: 'mq:ListConfigurations',
    readOnly: true,
    http: { method: 'GET', path },
    input: pageRequest,
    output: listConfigurationsResponse,
    handle: (request) => {
      const { maxResults, nextToken } = fixedPage([], request);
      return { output: { configurations: [], maxResults, nextToken } };
    },
  });
}

function unknown<Input extends { readonly configurationId: string }>(
  name: string,
  readOnly: boolean,
  input: Shape<Input>,
  http: { readonly method: string; readonly path: string },
) {
  return refusal({
    action: `mq:${name}`,
    readOnly,
    http,
    input,
    output: nothing,
    refuse: ({ configurationId }) =>
      new ControlError(
        'not-found',
        `Can't find requested configuration [${configurationId}]. ` +
          'Make sure your configuration exists.',
        'configuration_id',
      ),
  });
}
