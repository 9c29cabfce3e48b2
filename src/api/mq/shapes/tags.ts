// The shapes of the operations on tags.

import { list, required, structure } from '../../../aws/shapes/shape.ts';
import { arn, tags, tagsInRequestMax, tagText } from './common.ts';

/** The request of CreateTags. */
export const createTagsRequest = structure({ resourceArn: required(arn), tags });

/** The request of ListTags. */
export const listTagsRequest = structure({ resourceArn: required(arn) });

/** The response of ListTags. */
export const listTagsResponse = structure({ tags });

/** The request of DeleteTags. */
export const deleteTagsRequest = structure({
  resourceArn: required(arn),
  tagKeys: required(list(tagText, { max: tagsInRequestMax })),
});
