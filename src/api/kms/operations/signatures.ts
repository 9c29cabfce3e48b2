// The KMS operations with asymmetric keys: signatures, public keys, key agreement.

import { operation } from '../../../aws/service.ts';
import {
  blob,
  boolean,
  enumeration,
  list,
  required,
  sensitive,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';
import { loadDigestCurves } from '../../../kms/asymmetric/signing.ts';
import { algorithmsOf } from '../../../kms/key-specs.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey, endDryRun, refuseMembers } from '../answers.ts';
import {
  agreementAlgorithm,
  grantTokens,
  keyId,
  message,
  publicKey,
  recipient,
  signingAlgorithm,
} from '../shapes.ts';

const signature = sensitive(blob({ min: 1, max: 6144 }));

const signed = {
  KeyId: required(keyId),
  Message: required(message),
  MessageType: enumeration(['RAW', 'DIGEST', 'EXTERNAL_MU']),
  SigningAlgorithm: required(signingAlgorithm),
  GrantTokens: grantTokens,
  DryRun: boolean(),
};

/** Signs a message or a digest. */
export const sign = (kms: Kms) =>
  operation({
    action: 'kms:Sign',
    readOnly: true,
    input: structure(signed),
    output: structure({
      KeyId: keyId,
      Signature: signature,
      SigningAlgorithm: signingAlgorithm,
    }),
    permissions: decidedByKey,
    async handle(input, call) {
      if (isCurveDigest(input)) await loadDigestCurves();
      return () => {
        const done = kms.signatures.sign(call, input);
        endDryRun(input.DryRun);
        const { key, signature: Signature } = done.output;
        const { SigningAlgorithm } = input;
        return answer(kms, done, { KeyId: key.arn, Signature, SigningAlgorithm });
      };
    },
  });

/** Verifies a signature of a message or a digest. */
export const verify = (kms: Kms) =>
  operation({
    action: 'kms:Verify',
    readOnly: true,
    input: structure({ ...signed, Signature: required(signature) }),
    output: structure({
      KeyId: keyId,
      SignatureValid: boolean(),
      SigningAlgorithm: signingAlgorithm,
    }),
    permissions: decidedByKey,
    async handle(input, call) {
      if (isCurveDigest(input)) await loadDigestCurves();
      return () => {
        const done = kms.signatures.verify(call, input, input.Signature);
        endDryRun(input.DryRun);
        const { SigningAlgorithm } = input;
        const KeyId = done.output.arn;
        return answer(kms, done, { KeyId, SignatureValid: true, SigningAlgorithm });
      };
    },
  });

function isCurveDigest(request: {
  readonly MessageType?: string | undefined;
  readonly SigningAlgorithm: string;
}): boolean {
  return request.MessageType === 'DIGEST' && request.SigningAlgorithm.startsWith('ECDSA');
}

/** Returns the public key of an asymmetric key. */
export const getPublicKey = (kms: Kms) =>
  operation({
    action: 'kms:GetPublicKey',
    readOnly: true,
    input: structure({ KeyId: required(keyId), GrantTokens: grantTokens }),
    output: structure({
      KeyId: keyId,
      PublicKey: publicKey,
      CustomerMasterKeySpec: string(),
      KeySpec: string(),
      KeyUsage: string(),
      EncryptionAlgorithms: list(string()),
      SigningAlgorithms: list(string()),
      KeyAgreementAlgorithms: list(string()),
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.signatures.publicKey(call, input.KeyId, input.GrantTokens);
      const { key, publicKey: PublicKey } = done.output;
      return answer(kms, done, {
        KeyId: key.arn,
        PublicKey,
        CustomerMasterKeySpec: key.spec,
        KeySpec: key.spec,
        KeyUsage: key.usage,
        ...algorithmsOf(key.spec, key.usage),
      });
    },
  });

/** Derives a shared secret from a private key and somebody else's public key. */
export const deriveSharedSecret = (kms: Kms) =>
  operation({
    action: 'kms:DeriveSharedSecret',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      KeyAgreementAlgorithm: required(agreementAlgorithm),
      PublicKey: required(publicKey),
      GrantTokens: grantTokens,
      DryRun: boolean(),
      Recipient: recipient,
    }),
    output: structure({
      KeyId: keyId,
      SharedSecret: sensitive(blob()),
      KeyAgreementAlgorithm: agreementAlgorithm,
      KeyOrigin: string(),
    }),
    permissions: decidedByKey,
    handle(input, call) {
      refuseMembers({ Recipient: input.Recipient });
      const done = kms.signatures.sharedSecret(call, input);
      endDryRun(input.DryRun);
      const { key, secret: SharedSecret } = done.output;
      const { KeyAgreementAlgorithm } = input;
      const output = { KeyId: key.arn, SharedSecret, KeyAgreementAlgorithm, KeyOrigin: key.origin };
      return answer(kms, done, output);
    },
  });
