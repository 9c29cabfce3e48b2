// The KMS operations on key policies.

import { operation } from '../../../aws/service.ts';
import { boolean, list, required, structure } from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey } from '../answers.ts';
import { keyId, limit, marker, nothing, policy, policyName } from '../shapes.ts';

/** Returns the policy of a key. */
export const getKeyPolicy = (kms: Kms) =>
  operation({
    action: 'kms:GetKeyPolicy',
    readOnly: true,
    input: structure({ KeyId: required(keyId), PolicyName: policyName }),
    output: structure({ Policy: policy, PolicyName: policyName }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.keys.policy(call, input.KeyId, input.PolicyName);
      return answer(kms, done, { Policy: done.output, PolicyName: 'default' });
    },
  });

/** Replaces the policy of a key. */
export const putKeyPolicy = (kms: Kms) =>
  operation({
    action: 'kms:PutKeyPolicy',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      PolicyName: policyName,
      Policy: required(policy),
      BypassPolicyLockoutSafetyCheck: boolean(),
    }),
    output: nothing,
    permissions: decidedByKey,
    handle(input, call) {
      const bypass = input.BypassPolicyLockoutSafetyCheck === true;
      return answer(kms, kms.keys.putPolicy(call, input, bypass), {});
    },
  });

/** Lists the policy names of a key. There is only `default`. */
export const listKeyPolicies = (kms: Kms) =>
  operation({
    action: 'kms:ListKeyPolicies',
    readOnly: true,
    input: structure({ KeyId: required(keyId), Limit: limit, Marker: marker }),
    output: structure({ PolicyNames: list(policyName), NextMarker: marker, Truncated: boolean() }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.keys.policyNames(call, input.KeyId, input);
      const { items, next } = done.output;
      const Truncated = next !== undefined;
      return answer(kms, done, { PolicyNames: items, NextMarker: next, Truncated });
    },
  });
