// The KMS operations that encrypt, decrypt, and generate data keys.

import { operation } from '../../../aws/service.ts';
import {
  blob,
  boolean,
  enumeration,
  integer,
  required,
  sensitive,
  structure,
} from '../../../aws/shapes/shape.ts';
import { KmsError } from '../../../kms/errors.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey, endDryRun, refuseMembers } from '../answers.ts';
import {
  ciphertext,
  customKeyStoreId,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  grantTokens,
  keyId,
  keyMaterialId,
  plaintext,
  recipient,
} from '../shapes.ts';

/** Encrypts up to 4 KiB. */
export const encrypt = (kms: Kms) =>
  operation({
    action: 'kms:Encrypt',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      Plaintext: required(plaintext),
      EncryptionContext: encryptionContext,
      GrantTokens: grantTokens,
      EncryptionAlgorithm: encryptionAlgorithm,
      DryRun: boolean(),
    }),
    output: structure({
      CiphertextBlob: ciphertext,
      KeyId: keyId,
      EncryptionAlgorithm: encryptionAlgorithm,
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.ciphers.encrypt(call, input.KeyId, input.Plaintext, input);
      endDryRun(input.DryRun);
      return answer(kms, done, {
        CiphertextBlob: done.output.blob,
        KeyId: done.output.key.arn,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
      });
    },
  });

/** Decrypts with the key that the ciphertext names. */
export const decrypt = (kms: Kms) =>
  operation({
    action: 'kms:Decrypt',
    readOnly: true,
    input: structure({
      CiphertextBlob: ciphertext,
      EncryptionContext: encryptionContext,
      GrantTokens: grantTokens,
      KeyId: keyId,
      EncryptionAlgorithm: encryptionAlgorithm,
      Recipient: recipient,
      DryRun: boolean(),
      DryRunModifiers: dryRunModifiers,
    }),
    output: structure({
      KeyId: keyId,
      Plaintext: plaintext,
      EncryptionAlgorithm: encryptionAlgorithm,
      KeyMaterialId: keyMaterialId,
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const { Recipient, DryRunModifiers } = input;
      refuseMembers({ Recipient, DryRunModifiers });
      const CiphertextBlob = requireBlob(input.CiphertextBlob);
      const done = kms.ciphers.decrypt(call, { ...input, CiphertextBlob });
      const { key, materialId, plaintext: Plaintext } = done.output;
      if (input.DryRun === true) Plaintext.fill(0);
      endDryRun(input.DryRun);
      return answer(kms, done, {
        KeyId: key.arn,
        Plaintext,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
        KeyMaterialId: materialId,
      });
    },
  });

/** Decrypts a ciphertext and encrypts it with another key or encryption context. */
export const reEncrypt = (kms: Kms) =>
  operation({
    action: 'kms:ReEncrypt',
    readOnly: true,
    input: structure({
      CiphertextBlob: ciphertext,
      SourceEncryptionContext: encryptionContext,
      SourceKeyId: keyId,
      DestinationKeyId: required(keyId),
      DestinationEncryptionContext: encryptionContext,
      SourceEncryptionAlgorithm: encryptionAlgorithm,
      DestinationEncryptionAlgorithm: encryptionAlgorithm,
      GrantTokens: grantTokens,
      DryRun: boolean(),
      DryRunModifiers: dryRunModifiers,
    }),
    output: structure({
      CiphertextBlob: ciphertext,
      SourceKeyId: keyId,
      KeyId: keyId,
      SourceEncryptionAlgorithm: encryptionAlgorithm,
      DestinationEncryptionAlgorithm: encryptionAlgorithm,
      SourceKeyMaterialId: keyMaterialId,
      DestinationKeyMaterialId: keyMaterialId,
    }),
    permissions: decidedByKey,
    handle(input, call) {
      refuseMembers({ DryRunModifiers: input.DryRunModifiers });
      const CiphertextBlob = requireBlob(input.CiphertextBlob);
      const done = kms.ciphers.reEncrypt(call, { ...input, CiphertextBlob });
      endDryRun(input.DryRun);
      const { from, source, sealed } = done.output;
      return answer(kms, done, {
        CiphertextBlob: sealed.blob,
        SourceKeyId: source.arn,
        KeyId: sealed.key.arn,
        SourceEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
        DestinationEncryptionAlgorithm: 'SYMMETRIC_DEFAULT' as const,
        SourceKeyMaterialId: from,
        DestinationKeyMaterialId: sealed.materialId,
      });
    },
  });

const dataKeyMembers = {
  KeyId: required(keyId),
  EncryptionContext: encryptionContext,
  NumberOfBytes: integer({ min: 1, max: 1024 }),
  KeySpec: enumeration(['AES_256', 'AES_128']),
  GrantTokens: grantTokens,
  DryRun: boolean(),
};

/** Generates a data key and returns it as plaintext and encrypted. */
export const generateDataKey = (kms: Kms) =>
  operation({
    action: 'kms:GenerateDataKey',
    readOnly: true,
    input: structure({ ...dataKeyMembers, Recipient: recipient }),
    output: structure({
      CiphertextBlob: ciphertext,
      Plaintext: plaintext,
      KeyId: keyId,
      KeyMaterialId: keyMaterialId,
    }),
    permissions: decidedByKey,
    handle(input, call) {
      refuseMembers({ Recipient: input.Recipient });
      const size = dataKeySize(input);
      const done = kms.ciphers.generateDataKey(call, 'GenerateDataKey', input.KeyId, size, input);
      endDryRun(input.DryRun);
      const { blob: CiphertextBlob, plaintext: Plaintext, key, materialId } = done.output;
      const output = { CiphertextBlob, Plaintext, KeyId: key.arn, KeyMaterialId: materialId };
      return answer(kms, done, output);
    },
  });

/** Generates a data key and returns it encrypted only. */
export const generateDataKeyWithoutPlaintext = (kms: Kms) =>
  operation({
    action: 'kms:GenerateDataKeyWithoutPlaintext',
    readOnly: true,
    input: structure(dataKeyMembers),
    output: structure({ CiphertextBlob: ciphertext, KeyId: keyId, KeyMaterialId: keyMaterialId }),
    permissions: decidedByKey,
    handle(input, call) {
      const name = 'GenerateDataKeyWithoutPlaintext';
      const size = dataKeySize(input);
      const done = kms.ciphers.generateDataKey(call, name, input.KeyId, size, input);
      endDryRun(input.DryRun);
      const { blob: CiphertextBlob, key, materialId } = done.output;
      return answer(kms, done, { CiphertextBlob, KeyId: key.arn, KeyMaterialId: materialId });
    },
  });

/** Generates random bytes. */
export const generateRandom = (kms: Kms) =>
  operation({
    action: 'kms:GenerateRandom',
    readOnly: true,
    input: structure({
      NumberOfBytes: integer({ min: 1, max: 1024 }),
      CustomKeyStoreId: customKeyStoreId,
      Recipient: recipient,
    }),
    output: structure({ Plaintext: sensitive(blob({ min: 1, max: 1024 })) }),
    handle(input) {
      const { CustomKeyStoreId, Recipient } = input;
      refuseMembers({ CustomKeyStoreId, Recipient });
      if (input.NumberOfBytes === undefined) {
        throw new KmsError('ValidationException', 'NumberOfBytes is required.');
      }
      return { output: { Plaintext: kms.ciphers.random(input.NumberOfBytes) } };
    },
  });

/** AWS's model does not mark the blob as required, because some dry runs do not need it. */
function requireBlob(given: Buffer | undefined): Buffer {
  if (given !== undefined) return given;
  throw new KmsError(
    'ValidationException',
    "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
  );
}

function dataKeySize(input: {
  NumberOfBytes?: number | undefined;
  KeySpec?: string | undefined;
}): number {
  const { NumberOfBytes: bytes, KeySpec: spec } = input;
  if ((bytes === undefined) === (spec === undefined)) {
    throw new KmsError('ValidationException', 'Please specify either number of bytes or key spec.');
  }
  return bytes ?? (spec === 'AES_256' ? 32 : 16);
}
