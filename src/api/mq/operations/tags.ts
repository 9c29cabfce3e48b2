// The Amazon MQ operations on tags.

import { operation } from '../../../aws/service.ts';
import { configurationTouched, type MqParts, touched } from '../parts.ts';
import { onTags } from '../permissions.ts';
import { nothing } from '../shapes/common.ts';
import {
  createTagsRequest,
  deleteTagsRequest,
  listTagsRequest,
  listTagsResponse,
} from '../shapes/tags.ts';

const path = '/v1/tags/{resourceArn}';

/** Whether an ARN is that of a configuration; otherwise it is that of a broker. */
function isConfiguration(arn: string): boolean {
  return /^arn:[^:]*:mq:[^:]*:[^:]*:configuration:/.test(arn);
}

/** Adds tags to a broker or a configuration, or replaces existing ones. */
export function createTags(parts: MqParts) {
  const { control } = parts;
  return operation({
    action: 'mq:CreateTags',
    readOnly: false,
    http: { method: 'POST', path, status: 204 },
    input: createTagsRequest,
    output: nothing,
    permissions: onTags('mq:CreateTags', parts),
    handle: ({ resourceArn, tags = {} }) => {
      if (isConfiguration(resourceArn)) {
        const { id } = control.configurations.requireArn(resourceArn);
        const { value, changes } = control.configurationDecisions.addTags(id, tags);
        return { output: {}, changes, resources: configurationTouched(value) };
      }
      const { value, changes } = control.decisions.addTags(resourceArn, tags);
      return { output: {}, changes, resources: touched(value) };
    },
  });
}

/** Lists the tags of a broker or a configuration. */
export function listTags(parts: MqParts) {
  const { control } = parts;
  return operation({
    action: 'mq:ListTags',
    readOnly: true,
    http: { method: 'GET', path },
    input: listTagsRequest,
    output: listTagsResponse,
    permissions: onTags('mq:ListTags', parts),
    handle: ({ resourceArn }) => {
      if (isConfiguration(resourceArn)) {
        const configuration = control.configurations.requireArn(resourceArn);
        const resources = configurationTouched(configuration);
        return { output: { tags: configuration.tags }, resources };
      }
      const broker = control.brokers.requireArn(resourceArn);
      return { output: { tags: broker.tags }, resources: touched(broker) };
    },
  });
}

/** Removes tags from a broker or a configuration. */
export function deleteTags(parts: MqParts) {
  const { control } = parts;
  return operation({
    action: 'mq:DeleteTags',
    readOnly: false,
    http: { method: 'DELETE', path, status: 204 },
    input: deleteTagsRequest,
    output: nothing,
    permissions: onTags('mq:DeleteTags', parts),
    handle: ({ resourceArn, tagKeys }) => {
      if (isConfiguration(resourceArn)) {
        const { id } = control.configurations.requireArn(resourceArn);
        const { value, changes } = control.configurationDecisions.removeTags(id, tagKeys);
        return { output: {}, changes, resources: configurationTouched(value) };
      }
      const { value, changes } = control.decisions.removeTags(resourceArn, tagKeys);
      return { output: {}, changes, resources: touched(value) };
    },
  });
}
