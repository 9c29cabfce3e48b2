// The KMS operations on tags.

import { operation } from '../../../aws/service.ts';
import { boolean, required, structure } from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey } from '../answers.ts';
import { keyId, limit, marker, nothing, tagKeys, tags } from '../shapes.ts';

/** Adds tags to a key. */
export const tagResource = (kms: Kms) =>
  operation({
    action: 'kms:TagResource',
    readOnly: false,
    input: structure({ KeyId: required(keyId), Tags: required(tags) }),
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) => answer(kms, kms.keys.tag(call, input.KeyId, input.Tags), {}),
  });

/** Removes tags from a key. */
export const untagResource = (kms: Kms) =>
  operation({
    action: 'kms:UntagResource',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      TagKeys: required(tagKeys),
    }),
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) => answer(kms, kms.keys.untag(call, input.KeyId, input.TagKeys), {}),
  });

/** Lists the tags of a key. */
export const listResourceTags = (kms: Kms) =>
  operation({
    action: 'kms:ListResourceTags',
    readOnly: true,
    input: structure({ KeyId: required(keyId), Limit: limit, Marker: marker }),
    output: structure({ Tags: tags, NextMarker: marker, Truncated: boolean() }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.keys.tags(call, input.KeyId, input);
      const { items, next } = done.output;
      return answer(kms, done, { Tags: items, NextMarker: next, Truncated: next !== undefined });
    },
  });
