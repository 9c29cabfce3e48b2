// The KMS operations on key rotation.

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
import type { Kms } from '../../../kms/kms.ts';
import { currentMaterial, type KeyRecord, type MaterialRecord } from '../../../kms/records.ts';
import { answer, decidedByKey } from '../answers.ts';
import { keyId, keyMaterialId, limit, marker, nothing } from '../shapes.ts';

const oneKey = structure({ KeyId: required(keyId) });
const periodInDays = integer({ min: 90, max: 2560 });

/** Enables automatic rotation. */
export const enableKeyRotation = (kms: Kms) =>
  operation({
    action: 'kms:EnableKeyRotation',
    readOnly: false,
    input: structure({ KeyId: required(keyId), RotationPeriodInDays: periodInDays }),
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) =>
      answer(kms, kms.rotations.enable(call, input.KeyId, input.RotationPeriodInDays), {}),
  });

/** Disables automatic rotation. */
export const disableKeyRotation = (kms: Kms) =>
  operation({
    action: 'kms:DisableKeyRotation',
    readOnly: false,
    input: oneKey,
    output: nothing,
    permissions: decidedByKey,
    handle: (input, call) => answer(kms, kms.rotations.disable(call, input.KeyId), {}),
  });

/** Returns the rotation settings of a key and the date of its next rotation. */
export const getKeyRotationStatus = (kms: Kms) =>
  operation({
    action: 'kms:GetKeyRotationStatus',
    readOnly: true,
    input: oneKey,
    output: structure({
      KeyRotationEnabled: boolean(),
      KeyId: keyId,
      RotationPeriodInDays: periodInDays,
      NextRotationDate: timestamp(),
      OnDemandRotationStartDate: timestamp(),
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.rotations.status(call, input.KeyId);
      const { key, automatic, onDemandMs } = done.output;
      return answer(kms, done, {
        KeyRotationEnabled: automatic !== undefined,
        KeyId: key.id,
        RotationPeriodInDays: automatic?.periodDays,
        NextRotationDate: automatic?.nextMs,
        OnDemandRotationStartDate: onDemandMs,
      });
    },
  });

/** Lists the key materials of a key and the origin of each. */
export const listKeyRotations = (kms: Kms) =>
  operation({
    action: 'kms:ListKeyRotations',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      IncludeKeyMaterial: enumeration(['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY']),
      Limit: limit,
      Marker: marker,
    }),
    output: structure({
      Rotations: list(
        structure({
          KeyId: keyId,
          KeyMaterialId: keyMaterialId,
          KeyMaterialDescription: string(),
          ImportState: string(),
          KeyMaterialState: string(),
          ExpirationModel: string(),
          ValidTo: timestamp(),
          RotationDate: timestamp(),
          RotationType: string(),
        }),
      ),
      NextMarker: marker,
      Truncated: boolean(),
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const withFirst = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL';
      const done = kms.rotations.list(call, input.KeyId, withFirst, input);
      const { key, page } = done.output;
      const Rotations = page.items.map((material) => rotationEntry(key, material));
      return answer(kms, done, {
        Rotations,
        NextMarker: page.next,
        Truncated: page.next !== undefined,
      });
    },
  });

function rotationEntry(key: KeyRecord, material: MaterialRecord) {
  const isImported = key.origin === 'EXTERNAL';
  const { wrapped, validToMs, rotation } = material;
  const state = material === currentMaterial(key) ? 'CURRENT' : 'NON_CURRENT';
  const model = validToMs === undefined ? 'KEY_MATERIAL_DOES_NOT_EXPIRE' : 'KEY_MATERIAL_EXPIRES';
  return {
    KeyId: key.id,
    KeyMaterialId: material.id,
    KeyMaterialDescription: material.description,
    ...(isImported && { ImportState: wrapped === undefined ? 'PENDING_IMPORT' : 'IMPORTED' }),
    KeyMaterialState: material.isPending ? 'PENDING_ROTATION' : state,
    ...(isImported && wrapped !== undefined && { ExpirationModel: model }),
    ValidTo: validToMs,
    RotationDate: rotation && material.createdMs,
    RotationType: rotation,
  };
}

/** Requests a rotation, which is performed shortly afterwards. */
export const rotateKeyOnDemand = (kms: Kms) =>
  operation({
    action: 'kms:RotateKeyOnDemand',
    readOnly: false,
    input: oneKey,
    output: structure({ KeyId: keyId }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.rotations.rotateOnDemand(call, input.KeyId);
      return answer(kms, done, { KeyId: done.output.id });
    },
  });
