// The KMS operations that import and delete key material.

import { operation } from '../../../aws/service.ts';
import {
  blob,
  enumeration,
  freeText,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { refusedWrappingAlgorithms, wrappingAlgorithms } from '../../../kms/imports/unwrap.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey } from '../answers.ts';
import { keyId, keyMaterialId, publicKey } from '../shapes.ts';

const token = sensitive(blob({ min: 1, max: 6144 }));
const materialDescription = string({ min: 0, max: 256, pattern: /^[a-zA-Z0-9:/_\s.-]+$/ });

/** Returns a public key to wrap key material with, and the token of the import. */
export const getParametersForImport = (kms: Kms) =>
  operation({
    action: 'kms:GetParametersForImport',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      WrappingAlgorithm: required(
        enumeration([...wrappingAlgorithms, ...refusedWrappingAlgorithms]),
      ),
      WrappingKeySpec: required(enumeration(['RSA_2048', 'RSA_3072', 'RSA_4096', 'SM2'])),
    }),
    output: structure({
      KeyId: keyId,
      ImportToken: token,
      PublicKey: publicKey,
      ParametersValidTo: timestamp(),
    }),
    permissions: decidedByKey,
    async handle(input, call) {
      const decide = await kms.imports.parameters(call, input);
      return () => {
        const done = decide();
        const { key, token: ImportToken, publicKey: PublicKey, validToMs } = done.output;
        const output = { KeyId: key.arn, ImportToken, PublicKey, ParametersValidTo: validToMs };
        return answer(kms, done, output);
      };
    },
  });

/** Imports wrapped key material. */
export const importKeyMaterial = (kms: Kms) =>
  operation({
    action: 'kms:ImportKeyMaterial',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      ImportToken: required(token),
      EncryptedKeyMaterial: required(token),
      ValidTo: timestamp(),
      ExpirationModel: enumeration(['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE']),
      ImportType: enumeration(['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL']),
      KeyMaterialDescription: freeText('key material description', materialDescription),
      KeyMaterialId: keyMaterialId,
    }),
    output: structure({ KeyId: keyId, KeyMaterialId: keyMaterialId }),
    permissions: decidedByKey,
    async handle(input, call) {
      const secret = await kms.imports.prepare();
      return () => {
        const done = kms.imports.import(call, input, secret);
        const { key, materialId } = done.output;
        return answer(kms, done, { KeyId: key.arn, KeyMaterialId: materialId });
      };
    },
  });

/** Deletes imported key material. */
export const deleteImportedKeyMaterial = (kms: Kms) =>
  operation({
    action: 'kms:DeleteImportedKeyMaterial',
    readOnly: false,
    input: structure({ KeyId: required(keyId), KeyMaterialId: keyMaterialId }),
    output: structure({ KeyId: keyId, KeyMaterialId: keyMaterialId }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.imports.delete(call, input.KeyId, input.KeyMaterialId);
      const { key, materialId } = done.output;
      return answer(kms, done, { KeyId: key.arn, KeyMaterialId: materialId });
    },
  });
