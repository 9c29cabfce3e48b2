// The operations on tags of trails.

import { trailArn } from '../../../audit/trails/trails.ts';
import { operation } from '../../../aws/service.ts';
import { structure } from '../../../aws/shapes/shape.ts';
import {
  asChanges,
  type CloudTrailParts,
  onTrail,
  refuseToken,
  touched,
  touchedIfKnown,
} from '../parts.ts';
import { addTagsRequest, listTagsRequest, listTagsResponse, removeTagsRequest } from '../shapes.ts';
import { recordOf } from './trails.ts';

/** Adds tags to a trail. */
export const addTags = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:AddTags',
    readOnly: false,
    input: addTagsRequest,
    output: structure({}),
    permissions: ({ ResourceId, TagsList }) => [
      onTrail(parts, 'cloudtrail:AddTags', ResourceId, recordOf(TagsList)),
    ],
    failedResources: ({ ResourceId }) => touchedIfKnown(parts, ResourceId),
    handle: ({ ResourceId, TagsList }) => {
      const { trail, changes } = parts.commands.addTags(ResourceId, recordOf(TagsList));
      return {
        output: {},
        changes: asChanges(parts.trails, changes),
        resources: [touched(parts.place, trail)],
      };
    },
  });

/** Removes tags from a trail. */
export const removeTags = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:RemoveTags',
    readOnly: false,
    input: removeTagsRequest,
    output: structure({}),
    permissions: ({ ResourceId, TagsList }) => [
      onTrail(parts, 'cloudtrail:RemoveTags', ResourceId, recordOf(TagsList)),
    ],
    failedResources: ({ ResourceId }) => touchedIfKnown(parts, ResourceId),
    handle: ({ ResourceId, TagsList }) => {
      const keys = TagsList.map(({ Key }) => Key);
      const { trail, changes } = parts.commands.removeTags(ResourceId, keys);
      return {
        output: {},
        changes: asChanges(parts.trails, changes),
        resources: [touched(parts.place, trail)],
      };
    },
  });

/** Lists the tags of trails. */
export const listTags = (parts: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:ListTags',
    readOnly: true,
    input: listTagsRequest,
    output: listTagsResponse,
    permissions: ({ ResourceIdList: [first, ...more] }) => [
      onTrail(parts, 'cloudtrail:ListTags', first),
      ...more.map((id) => onTrail(parts, 'cloudtrail:ListTags', id)),
    ],
    handle: ({ ResourceIdList, NextToken }) => {
      refuseToken(NextToken);
      const found = ResourceIdList.map((id) => parts.commands.find(id));
      const ResourceTagList = found.map(({ name, tags }) => ({
        ResourceId: trailArn(parts.place, name),
        TagsList: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }));
      return {
        output: { ResourceTagList },
        resources: found.map((trail) => touched(parts.place, trail)),
      };
    },
  });
