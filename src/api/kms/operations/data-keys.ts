// The KMS operations that generate data keys, data key pairs and random bytes.

import { operation } from '../../../aws/service.ts';
import {
  blob,
  boolean,
  enumeration,
  integer,
  required,
  type StructureOf,
  sensitive,
  structure,
} from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { KmsError } from '../../../kms/errors.ts';
import { type KeyPairSpec, keyPairSpecs, supportedSpec } from '../../../kms/key-specs.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey, endDryRun, noKeyStore, refuseMembers } from '../answers.ts';
import {
  ciphertext,
  customKeyStoreId,
  encryptionContext,
  grantTokens,
  keyId,
  keyMaterialId,
  keyPairSpec,
  plaintext,
  publicKey,
  recipient,
} from '../shapes.ts';

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
      const done = kms.dataKeys.generate(call, 'GenerateDataKey', size, input);
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
      const done = kms.dataKeys.generate(call, name, size, input);
      endDryRun(input.DryRun);
      const { blob: CiphertextBlob, key, materialId } = done.output;
      return answer(kms, done, { CiphertextBlob, KeyId: key.arn, KeyMaterialId: materialId });
    },
  });

const pairMembers = {
  KeyId: required(keyId),
  KeyPairSpec: required(keyPairSpec),
  EncryptionContext: encryptionContext,
  GrantTokens: grantTokens,
  DryRun: boolean(),
};

const pairOutput = {
  PrivateKeyCiphertextBlob: ciphertext,
  PublicKey: publicKey,
  KeyId: keyId,
  KeyPairSpec: keyPairSpec,
  KeyMaterialId: keyMaterialId,
};

/** Generates a data key pair, and returns the private key as plaintext and encrypted. */
export const generateDataKeyPair = (kms: Kms) =>
  operation({
    action: 'kms:GenerateDataKeyPair',
    readOnly: true,
    input: structure({ ...pairMembers, Recipient: recipient }),
    output: structure({ ...pairOutput, PrivateKeyPlaintext: plaintext }),
    permissions: decidedByKey,
    async handle(input, call) {
      refuseMembers({ Recipient: input.Recipient });
      const decide = await generatePair(kms, 'GenerateDataKeyPair', input, call);
      return () => {
        const { done, output, privateKey } = decide();
        return answer(kms, done, { ...output, PrivateKeyPlaintext: privateKey });
      };
    },
  });

/** Generates a data key pair, and returns the private key encrypted only. */
export const generateDataKeyPairWithoutPlaintext = (kms: Kms) =>
  operation({
    action: 'kms:GenerateDataKeyPairWithoutPlaintext',
    readOnly: true,
    input: structure(pairMembers),
    output: structure(pairOutput),
    permissions: decidedByKey,
    async handle(input, call) {
      const decide = await generatePair(kms, 'GenerateDataKeyPairWithoutPlaintext', input, call);
      return () => {
        const { done, output } = decide();
        return answer(kms, done, output);
      };
    },
  });

type PairRequest = StructureOf<typeof pairMembers>;

async function generatePair(
  kms: Kms,
  operationName: 'GenerateDataKeyPair' | 'GenerateDataKeyPairWithoutPlaintext',
  input: PairRequest,
  call: CallContext,
) {
  const KeyPairSpec = supportedSpec<KeyPairSpec>(input.KeyPairSpec, keyPairSpecs);
  const isDryRun = input.DryRun === true;
  const decide = await kms.dataKeys.generatePair(call, operationName, KeyPairSpec, input, isDryRun);
  return () => {
    const done = decide();
    endDryRun(input.DryRun);
    const { sealed, publicKey: PublicKey, privateKey } = done.output;
    const output = {
      PrivateKeyCiphertextBlob: sealed.blob,
      PublicKey,
      KeyId: sealed.key.arn,
      KeyPairSpec,
      KeyMaterialId: sealed.materialId,
    };
    return { done, output, privateKey };
  };
}

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
      refuseMembers({ Recipient: input.Recipient });
      if (input.CustomKeyStoreId !== undefined) throw noKeyStore(input.CustomKeyStoreId);
      if (input.NumberOfBytes === undefined) {
        throw new KmsError('ValidationException', 'NumberOfBytes is required.');
      }
      return { output: { Plaintext: kms.dataKeys.random(input.NumberOfBytes) } };
    },
  });

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
