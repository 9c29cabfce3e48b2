// The Amazon MQ operations on tags.

import { operation } from '../../../aws/service.ts';
import { type MqParts, touched } from '../parts.ts';
import {
  createTagsRequest,
  deleteTagsRequest,
  listTagsRequest,
  listTagsResponse,
  nothing,
} from '../shapes.ts';

const path = '/v1/tags/{resourceArn}';

function onResource<Input extends { readonly resourceArn: string }>(action: string) {
  return ({ resourceArn }: Input) => [{ action, resources: [resourceArn] }];
}

/** Adds tags to a broker, or replaces their values. */
export function createTags({ control }: MqParts) {
  return operation({
    action: 'mq:CreateTags',
    readOnly: false,
    http: { method: 'POST', path, status: 204 },
    input: createTagsRequest,
    output: nothing,
    permissions: onResource('mq:CreateTags'),
    handle: ({ resourceArn, tags = {} }) => {
      const { value, changes } = control.decisions.addTags(resourceArn, tags);
      return { output: {}, changes, resources: touched(value) };
    },
  });
}

/** Lists the tags of a broker. */
export function listTags({ control }: MqParts) {
  return operation({
    action: 'mq:ListTags',
    readOnly: true,
    http: { method: 'GET', path },
    input: listTagsRequest,
    output: listTagsResponse,
    permissions: onResource('mq:ListTags'),
    handle: ({ resourceArn }) => {
      const broker = control.brokers.requireArn(resourceArn);
      return { output: { tags: broker.tags }, resources: touched(broker) };
    },
  });
}

/** Removes tags from a broker. */
export function deleteTags({ control }: MqParts) {
  return operation({
    action: 'mq:DeleteTags',
    readOnly: false,
    http: { method: 'DELETE', path, status: 204 },
    input: deleteTagsRequest,
    output: nothing,
    permissions: onResource('mq:DeleteTags'),
    handle: ({ resourceArn, tagKeys }) => {
      const { value, changes } = control.decisions.removeTags(resourceArn, tagKeys);
      return { output: {}, changes, resources: touched(value) };
    },
  });
}
