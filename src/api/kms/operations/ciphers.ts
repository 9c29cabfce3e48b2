// The KMS operations that encrypt and decrypt.

import { operation } from '../../../aws/service.ts';
import { boolean, required, structure } from '../../../aws/shapes/shape.ts';
import { KmsError } from '../../../kms/errors.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey, endDryRun, refuseMembers } from '../answers.ts';
import {
  ciphertext,
  dryRunModifiers,
  encryptionAlgorithm,
  encryptionContext,
  grantTokens,
  keyId,
  keyMaterialId,
  plaintext,
  recipient,
} from '../shapes.ts';

const symmetric = 'SYMMETRIC_DEFAULT';

/** Encrypts up to 4 KiB; less with RSA keys. */
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
        EncryptionAlgorithm: input.EncryptionAlgorithm ?? symmetric,
      });
    },
  });

/** Decrypts with the key that the ciphertext names, or with the named RSA key. */
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
      refuseMembers({ Recipient: input.Recipient });
      const CiphertextBlob = ciphertextOf(input, input.KeyId);
      const done = kms.ciphers.decrypt(call, { ...input, CiphertextBlob });
      const { key, materialId, plaintext: Plaintext } = done.output;
      if (input.DryRun === true) Plaintext.fill(0);
      endDryRun(input.DryRun);
      return answer(kms, done, {
        KeyId: key.arn,
        Plaintext,
        EncryptionAlgorithm: input.EncryptionAlgorithm ?? symmetric,
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
      const CiphertextBlob = ciphertextOf(input, input.SourceKeyId);
      const done = kms.ciphers.reEncrypt(call, { ...input, CiphertextBlob });
      endDryRun(input.DryRun);
      const { source, sealed } = done.output;
      return answer(kms, done, {
        CiphertextBlob: sealed.blob,
        SourceKeyId: source.key.arn,
        KeyId: sealed.key.arn,
        SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm ?? symmetric,
        DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm ?? symmetric,
        SourceKeyMaterialId: source.materialId,
        DestinationKeyMaterialId: sealed.materialId,
      });
    },
  });

/**
 * Checks a request's ciphertext, which AWS's model does not mark as required: a dry run can ignore
 * it. Such a dry run must name the key.
 */
function ciphertextOf(
  request: Dry & { readonly CiphertextBlob?: Buffer | undefined },
  keyId: string | undefined,
): Buffer | undefined {
  const { CiphertextBlob: given, DryRun, DryRunModifiers = [] } = request;
  if (DryRunModifiers.length === 0) {
    if (given !== undefined) return given;
    throw new KmsError(
      'ValidationException',
      "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null",
    );
  }
  if (DryRun === true && keyId !== undefined) return undefined;
  throw new KmsError(
    'ValidationException',
    'DryRunModifiers are only valid in a dry run that names the key of the ciphertext.',
  );
}

interface Dry {
  readonly DryRun?: boolean | undefined;
  readonly DryRunModifiers?: readonly string[] | undefined;
}
