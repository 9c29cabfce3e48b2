// The operations for tags of log groups.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import type { LogGroupSettings } from '../../../logs/log-groups.ts';
import {
  failedOnGroup,
  type LogGroup,
  type LogsParts,
  nameInArn,
  onResource,
  requireGroup,
  touched,
  unknownGroup,
} from '../parts.ts';
import { listTagsRequest, listTagsResponse, nothing, tagRequest, untagRequest } from '../shapes.ts';

/** Maximum number of tags of a log group. */
const tagCountMax = 50;

/** ListTagsForResource: the tags of a log group. */
export function listTagsForResource(parts: LogsParts) {
  return operation({
    action: 'logs:ListTagsForResource',
    readOnly: true,
    input: listTagsRequest,
    output: listTagsResponse,
    permissions: onResource('logs:ListTagsForResource', parts),
    handle: ({ resourceArn }, context) => {
      const { name } = groupWithArn(parts, resourceArn, context);
      return { output: { tags: parts.groups.settings(name).tags ?? {} } };
    },
  });
}

/** TagResource: adds tags to a log group, and replaces those with the same keys. */
export function tagResource(parts: LogsParts) {
  return operation({
    action: 'logs:TagResource',
    readOnly: false,
    input: tagRequest,
    output: nothing,
    permissions: onResource('logs:TagResource', parts, ({ tags }) => ({
      ...Object.fromEntries(
        Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]),
      ),
      'aws:TagKeys': Object.keys(tags),
    })),
    failedResources: ({ resourceArn }, context) =>
      failedOnGroup(parts)({ logGroupIdentifier: resourceArn }, context),
    handle: ({ resourceArn, tags }, context) => {
      const group = groupWithArn(parts, resourceArn, context);
      const old = parts.groups.settings(group.name);
      const all = { ...old.tags, ...tags };
      const count = Object.keys(all).length;
      if (count > tagCountMax) {
        const text = `The log group would have ${count} tags; at most ${tagCountMax} are allowed.`;
        throw new AwsError('TooManyTagsException', text, { members: { resourceName: group.name } });
      }
      return changed(parts, group, { ...old, tags: all }, touched(group, context));
    },
  });
}

/** UntagResource: removes tags from a log group. */
export function untagResource(parts: LogsParts) {
  return operation({
    action: 'logs:UntagResource',
    readOnly: false,
    input: untagRequest,
    output: nothing,
    permissions: onResource('logs:UntagResource', parts, ({ tagKeys }) => ({
      'aws:TagKeys': tagKeys,
    })),
    failedResources: ({ resourceArn }, context) =>
      failedOnGroup(parts)({ logGroupIdentifier: resourceArn }, context),
    handle: ({ resourceArn, tagKeys }, context) => {
      const group = groupWithArn(parts, resourceArn, context);
      const old = parts.groups.settings(group.name);
      const kept = Object.entries(old.tags ?? {}).filter(([key]) => !tagKeys.includes(key));
      const settings = { ...old, tags: Object.fromEntries(kept) };
      return changed(parts, group, settings, touched(group, context));
    },
  });
}

function groupWithArn(parts: LogsParts, arn: string, context: CallContext): LogGroup {
  const name = nameInArn(arn, context);
  if (name === undefined) throw unknownGroup();
  return requireGroup(parts, { logGroupName: name }, context);
}

function changed(
  { groups }: LogsParts,
  { name }: LogGroup,
  settings: LogGroupSettings,
  resources: ReturnType<typeof touched>,
) {
  return { output: {}, changes: [groups.entry({ group: name, settings })], resources };
}
