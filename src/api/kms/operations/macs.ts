// The KMS operations with HMAC keys.

import { operation } from '../../../aws/service.ts';
import { blob, boolean, required, sensitive, structure } from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey, endDryRun } from '../answers.ts';
import { grantTokens, keyId, macAlgorithm, message } from '../shapes.ts';

const mac = sensitive(blob({ min: 1, max: 6144 }));

const authenticated = {
  KeyId: required(keyId),
  Message: required(message),
  MacAlgorithm: required(macAlgorithm),
  GrantTokens: grantTokens,
  DryRun: boolean(),
};

/** Computes the HMAC of a message. */
export const generateMac = (kms: Kms) =>
  operation({
    action: 'kms:GenerateMac',
    readOnly: true,
    input: structure(authenticated),
    output: structure({ KeyId: keyId, Mac: mac, MacAlgorithm: macAlgorithm }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.macs.generate(call, input);
      endDryRun(input.DryRun);
      const { key, mac: Mac } = done.output;
      return answer(kms, done, { KeyId: key.arn, Mac, MacAlgorithm: input.MacAlgorithm });
    },
  });

/** Verifies the HMAC of a message. */
export const verifyMac = (kms: Kms) =>
  operation({
    action: 'kms:VerifyMac',
    readOnly: true,
    input: structure({ ...authenticated, Mac: required(mac) }),
    output: structure({ KeyId: keyId, MacValid: boolean(), MacAlgorithm: macAlgorithm }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.macs.verify(call, input, input.Mac);
      endDryRun(input.DryRun);
      const { MacAlgorithm } = input;
      return answer(kms, done, { KeyId: done.output.arn, MacValid: true, MacAlgorithm });
    },
  });
