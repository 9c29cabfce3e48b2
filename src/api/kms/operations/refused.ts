// The KMS operations on keys that are refused.

import { operation } from '../../../aws/service.ts';
import {
  blob,
  boolean,
  enumeration,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { KmsError } from '../../../kms/errors.ts';
import type { Kms } from '../../../kms/kms.ts';
import type { KeyRecord } from '../../../kms/records.ts';
import { decidedByKey } from '../answers.ts';
import { description, grantTokens, keyId, keyMetadata, policy, tags } from '../shapes.ts';

const region = string({ min: 1, max: 32, pattern: /^([a-z]+-){2,3}\d+$/ });
const encapsulation = enumeration(['ML_KEM']);
const sharedSecret = sensitive(blob());
const sealedSecret = sensitive(blob({ min: 1, max: 6144 }));

/**
 * Refuses an operation after the usual checks, so that callers without a permission learn nothing.
 */
function refuse(
  kms: Kms,
  action: 'ReplicateKey' | 'UpdatePrimaryRegion' | 'Encapsulate' | 'Decapsulate' | 'GetKeyLastUsage',
  name: string,
  call: CallContext,
  reason: (key: KeyRecord) => string,
): never {
  const key = kms.keys.permitted(call, name, action);
  throw new KmsError('UnsupportedOperationException', reason(key));
}

/** Refuses replicas: the service has one region. */
export const replicateKey = (kms: Kms) =>
  operation({
    action: 'kms:ReplicateKey',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      ReplicaRegion: required(region),
      Policy: policy,
      BypassPolicyLockoutSafetyCheck: boolean(),
      Description: description,
      Tags: tags,
    }),
    output: structure({
      ReplicaKeyMetadata: keyMetadata,
      ReplicaPolicy: policy,
      ReplicaTags: tags,
    }),
    permissions: decidedByKey,
    handle: (input, call) =>
      refuse(kms, 'ReplicateKey', input.KeyId, call, ({ arn, multiRegion }) =>
        multiRegion
          ? `${arn} cannot be replicated to ${input.ReplicaRegion}: this service has one region, ${call.region}.`
          : `${arn} is not a multi-Region key.`,
      ),
  });

/** Refuses another primary Region: the service has one region. */
export const updatePrimaryRegion = (kms: Kms) =>
  operation({
    action: 'kms:UpdatePrimaryRegion',
    readOnly: false,
    input: structure({ KeyId: required(keyId), PrimaryRegion: required(region) }),
    output: structure({}),
    permissions: decidedByKey,
    handle: (input, call) =>
      refuse(kms, 'UpdatePrimaryRegion', input.KeyId, call, ({ arn, multiRegion }) =>
        multiRegion
          ? `${arn} has no replica in ${input.PrimaryRegion}: this service has one region, ${call.region}.`
          : `${arn} is not a multi-Region key.`,
      ),
  });

/** Refuses encapsulation: no key spec of this service supports it. */
export const encapsulate = (kms: Kms) =>
  operation({
    action: 'kms:Encapsulate',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      EncapsulationAlgorithm: required(encapsulation),
      GrantTokens: grantTokens,
      DryRun: boolean(),
    }),
    output: structure({
      KeyId: keyId,
      SharedSecret: sharedSecret,
      SharedSecretCiphertextBlob: sealedSecret,
      EncapsulationAlgorithm: encapsulation,
    }),
    permissions: decidedByKey,
    handle: (input, call) => refuse(kms, 'Encapsulate', input.KeyId, call, withoutEncapsulation),
  });

/** Refuses decapsulation: no key spec of this service supports it. */
export const decapsulate = (kms: Kms) =>
  operation({
    action: 'kms:Decapsulate',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      SharedSecretCiphertextBlob: required(sealedSecret),
      EncapsulationAlgorithm: required(encapsulation),
      GrantTokens: grantTokens,
      DryRun: boolean(),
    }),
    output: structure({
      KeyId: keyId,
      SharedSecret: sharedSecret,
      EncapsulationAlgorithm: encapsulation,
    }),
    permissions: decidedByKey,
    handle: (input, call) => refuse(kms, 'Decapsulate', input.KeyId, call, withoutEncapsulation),
  });

function withoutEncapsulation({ arn, spec }: KeyRecord): string {
  return `${arn} has KeySpec ${spec}; encapsulation (ML_KEM) is not supported.`;
}

/** Refuses the last usage of a key, which the audit trail records. */
export const getKeyLastUsage = (kms: Kms) =>
  operation({
    action: 'kms:GetKeyLastUsage',
    readOnly: true,
    input: structure({ KeyId: required(keyId) }),
    output: structure({
      KeyId: keyId,
      KeyLastUsage: structure({
        Operation: string(),
        Timestamp: timestamp(),
        CloudTrailEventId: string(),
        KmsRequestId: string(),
      }),
      TrackingStartDate: timestamp(),
      KeyCreationDate: timestamp(),
    }),
    permissions: decidedByKey,
    handle: (input, call) =>
      refuse(kms, 'GetKeyLastUsage', input.KeyId, call, ({ arn }) => {
        return `The last usage of ${arn} is not tracked; look it up in the audit trail (cloudtrail:LookupEvents, ResourceName).`;
      }),
  });
