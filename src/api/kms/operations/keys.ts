// The KMS operations on keys.

import { operation } from '../../../aws/service.ts';
import {
  boolean,
  enumeration,
  integer,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { metadataOf } from '../../../kms/key-metadata.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey } from '../answers.ts';
import { creatingKey } from '../permissions.ts';
import {
  customKeyStoreId,
  description,
  grantTokens,
  keyId,
  keyMetadata,
  keySpec,
  keyState,
  keyUsage,
  limit,
  marker,
  nothing,
  policy,
  tags,
} from '../shapes.ts';

const windowDaysDefault = 30;

const oneKey = structure({ KeyId: required(keyId) });

/** Creates a key. */
export const createKey = (kms: Kms) =>
  operation({
    action: 'kms:CreateKey',
    readOnly: false,
    input: structure({
      Policy: policy,
      Description: description,
      KeyUsage: keyUsage,
      KeySpec: keySpec,
      CustomerMasterKeySpec: keySpec,
      Origin: enumeration(['AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE']),
      CustomKeyStoreId: customKeyStoreId,
      BypassPolicyLockoutSafetyCheck: boolean(),
      Tags: tags,
      MultiRegion: boolean(),
      XksKeyId: string({ min: 1, max: 128, pattern: /^[a-zA-Z0-9-_.]+$/ }),
    }),
    output: structure({ KeyMetadata: keyMetadata }),
    permissions: (input, call) => creatingKey(input, call),
    async handle(input, call) {
      const prepared = await kms.keys.prepare(call, input);
      return () => {
        const done = kms.keys.create(call, input, prepared);
        return answer(kms, done, { KeyMetadata: metadataOf(done.output) });
      };
    },
  });

/** Describes a key. */
export const describeKey = (kms: Kms) =>
  operation({
    action: 'kms:DescribeKey',
    readOnly: true,
    input: structure({ KeyId: required(keyId), GrantTokens: grantTokens }),
    output: structure({ KeyMetadata: keyMetadata }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.keys.describe(call, input.KeyId, input.GrantTokens);
      return answer(kms, done, { KeyMetadata: metadataOf(done.output) });
    },
  });

/** Lists the account's keys. */
export const listKeys = (kms: Kms) =>
  operation({
    action: 'kms:ListKeys',
    readOnly: true,
    input: structure({ Limit: limit, Marker: marker }),
    output: structure({
      Keys: list(structure({ KeyId: keyId, KeyArn: string() })),
      NextMarker: marker,
      Truncated: boolean(),
    }),
    handle(input, call) {
      const done = kms.keys.list(call, input);
      const { items, next } = done.output;
      const Keys = items.map(({ id, arn }) => ({ KeyId: id, KeyArn: arn }));
      return answer(kms, done, { Keys, NextMarker: next, Truncated: next !== undefined });
    },
  });

/** Enables a key. */
export const enableKey = (kms: Kms) =>
  operation({
    action: 'kms:EnableKey',
    readOnly: false,
    input: oneKey,
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) => answer(kms, kms.keys.enable(call, input.KeyId), {}),
  });

/** Disables a key. */
export const disableKey = (kms: Kms) =>
  operation({
    action: 'kms:DisableKey',
    readOnly: false,
    input: oneKey,
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) => answer(kms, kms.keys.disable(call, input.KeyId), {}),
  });

/** Schedules the deletion of a key. */
export const scheduleKeyDeletion = (kms: Kms) =>
  operation({
    action: 'kms:ScheduleKeyDeletion',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      PendingWindowInDays: integer({ min: 1, max: 365 }),
    }),
    output: structure({
      KeyId: keyId,
      DeletionDate: timestamp(),
      KeyState: keyState,
      PendingWindowInDays: integer(),
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const windowDays = input.PendingWindowInDays ?? windowDaysDefault;
      const done = kms.keys.scheduleDeletion(call, input.KeyId, windowDays);
      const { arn, deletionMs, state } = done.output;
      return answer(kms, done, {
        KeyId: arn,
        DeletionDate: deletionMs,
        KeyState: state,
        PendingWindowInDays: windowDays,
      });
    },
  });

/** Cancels the deletion of a key. */
export const cancelKeyDeletion = (kms: Kms) =>
  operation({
    action: 'kms:CancelKeyDeletion',
    readOnly: false,
    input: oneKey,
    output: structure({ KeyId: keyId }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.keys.cancelDeletion(call, input.KeyId);
      return answer(kms, done, { KeyId: done.output.arn });
    },
  });

/** Changes the description of a key. */
export const updateKeyDescription = (kms: Kms) =>
  operation({
    action: 'kms:UpdateKeyDescription',
    readOnly: false,
    input: structure({ KeyId: required(keyId), Description: required(description) }),
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) =>
      answer(kms, kms.keys.updateDescription(call, input.KeyId, input.Description), {}),
  });
