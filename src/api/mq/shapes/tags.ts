// The shapes of the operations on tags.

import { list, required, structure } from '../../../aws/shapes/shape.ts';
import { arn, tags, tagsInRequestMax, tagText } from './common.ts';

/** CreateTags, request. */
export const createTagsRequest = structure({ resourceArn: required(arn), tags });

/** ListTags, request. */
export const listTagsRequest = structure({ resourceArn: required(arn) });

/** ListTags, response. */
export const listTagsResponse = structure({ tags });

/** DeleteTags, request. */
export const deleteTagsRequest = structure({
  resourceArn: required(arn),
  tagKeys: required(list(tagText, { max: tagsInRequestMax })),
});
