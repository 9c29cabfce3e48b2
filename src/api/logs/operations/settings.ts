// The operations that change log groups.

import { operation } from '../../../aws/service.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import {
  type LogGroupSettings,
  parseLogGroupName,
  retentionDaysAllowed,
} from '../../../logs/log-groups.ts';
import {
  failedOnGroup,
  invalidParameter,
  type LogGroup,
  type LogsParts,
  onGroup,
  requireGroup,
  touched,
} from '../parts.ts';
import { nothing, oneGroupRequest, putRetentionPolicyRequest } from '../shapes.ts';

/** PutRetentionPolicy: events expire after some days. */
export function putRetentionPolicy(parts: LogsParts) {
  return operation({
    action: 'logs:PutRetentionPolicy',
    readOnly: false,
    input: putRetentionPolicyRequest,
    output: nothing,
    permissions: onGroup('logs:PutRetentionPolicy', parts),
    failedResources: failedOnGroup(parts),
    handle: (request, context) => {
      const { retentionInDays } = request;
      const group = requireGroup(parts, request, context);
      if (!retentionDaysAllowed.includes(retentionInDays)) {
        throw invalidParameter(
          `Unsupported retention period. Value ${retentionInDays} at 'retentionInDays' must be one of: [${retentionDaysAllowed.join(', ')}]`,
        );
      }
      return retaining(parts, group, retentionInDays, context);
    },
  });
}

/** DeleteRetentionPolicy: events no longer expire. */
export function deleteRetentionPolicy(parts: LogsParts) {
  return operation({
    action: 'logs:DeleteRetentionPolicy',
    readOnly: false,
    input: oneGroupRequest,
    output: nothing,
    permissions: onGroup('logs:DeleteRetentionPolicy', parts),
    failedResources: failedOnGroup(parts),
    handle: (request, context) =>
      retaining(parts, requireGroup(parts, request, context), undefined, context),
  });
}

function retaining(
  parts: LogsParts,
  group: LogGroup,
  retentionDays: number | undefined,
  context: CallContext,
) {
  const { retentionDays: _old, ...kept } = parts.groups.settings(group.name);
  const settings = { ...kept, ...(retentionDays !== undefined && { retentionDays }) };
  return changed(parts, group, settings, context);
}

/** DeleteLogGroup: removes the events of a group. The group of an enabled log remains, without events. */
export function deleteLogGroup(parts: LogsParts) {
  return operation({
    action: 'logs:DeleteLogGroup',
    readOnly: false,
    input: oneGroupRequest,
    output: nothing,
    permissions: onGroup('logs:DeleteLogGroup', parts),
    failedResources: failedOnGroup(parts),
    handle: (request, context) => {
      const group = requireGroup(parts, request, context);
      const isOfBroker = parseLogGroupName(group.name) !== undefined;
      return changed(parts, group, isOfBroker ? { clearedMs: context.nowMs + 1 } : {}, context);
    },
  });
}

function changed(
  { groups, logs }: LogsParts,
  group: LogGroup,
  settings: LogGroupSettings,
  context: CallContext,
) {
  return {
    output: {},
    changes: [groups.entry({ group: group.name, settings })],
    resources: touched(group, context),
    // What has expired now is removed at once.
    committed: () => logs.dropOld(),
  };
}
