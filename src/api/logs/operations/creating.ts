// The operation that creates log groups.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { createdGroupCountMax } from '../../../logs/log-groups.ts';
import { allGroups, groupArn, invalidParameter, type LogsParts, touched } from '../parts.ts';
import { createLogGroupRequest, nothing } from '../shapes.ts';

/**
 * CreateLogGroup: a group without events, whose retention and tags can be set. Only the service writes
 * events, to the groups of brokers.
 */
export function createLogGroup(parts: LogsParts) {
  return operation({
    action: 'logs:CreateLogGroup',
    readOnly: false,
    input: createLogGroupRequest,
    output: nothing,
    permissions: ({ logGroupName, tags = {} }, context) => {
      const values = {
        ...Object.fromEntries(
          Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]),
        ),
        'aws:TagKeys': Object.keys(tags),
      };
      const resources = [`${groupArn(logGroupName, context)}:log-stream:`];
      const create = { action: 'logs:CreateLogGroup', resources, values };
      if (Object.keys(tags).length === 0) return [create];
      const tagged = [groupArn(logGroupName, context)];
      return [create, { action: 'logs:TagResource', resources: tagged, values }];
    },
    handle: (request, context) => {
      const { logGroupName: name, tags, logGroupClass = 'STANDARD' } = request;
      if (request.kmsKeyId !== undefined) {
        throw invalidParameter(
          'kmsKeyId is not supported: the logs of all brokers are encrypted with a key of the service.',
        );
      }
      if (logGroupClass !== 'STANDARD' || request.deletionProtectionEnabled === true) {
        throw invalidParameter('Log groups have the class STANDARD and no deletion protection.');
      }
      if (allGroups(parts).has(name)) {
        const text = 'The specified log group already exists';
        throw new AwsError('ResourceAlreadyExistsException', text);
      }
      if ([...parts.groups.created()].length >= createdGroupCountMax) {
        const text = `Resource limit exceeded: ${createdGroupCountMax} log groups were created.`;
        throw new AwsError('LimitExceededException', text);
      }
      const settings = {
        ...parts.groups.settings(name),
        createdMs: context.nowMs,
        ...(tags !== undefined && { tags }),
      };
      const group = { name, createdMs: context.nowMs, streams: [] };
      return {
        output: {},
        changes: [parts.groups.entry({ group: name, settings })],
        resources: touched(group, context),
      };
    },
  });
}
