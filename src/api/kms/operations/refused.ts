// The KMS operations on keys that are refused.

import { type Operation, operation } from '../../../aws/service.ts';
import {
  blob,
  boolean,
  enumeration,
  required,
  type Shape,
  sensitive,
  string,
  structure,
} from '../../../aws/shapes/shape.ts';
import { KmsError } from '../../../kms/errors.ts';
import type { Kms } from '../../../kms/kms.ts';
import { decidedByKey } from '../answers.ts';
import { description, grantTokens, keyId, keyMetadata, policy, tags } from '../shapes.ts';

const region = string({ min: 1, max: 32, pattern: /^([a-z]+-){2,3}\d+$/ });
const encapsulation = enumeration(['ML_KEM']);
const sharedSecret = sensitive(blob());
const sealedSecret = sensitive(blob({ min: 1, max: 6144 }));

interface Declared<Input, Output> {
  readonly readOnly: boolean;
  readonly input: Shape<Input>;
  readonly output: Shape<Output>;
  refuse(input: Input): Error;
}

/**
 * Declares an operation that is refused after the permission for the key was checked, so that callers
 * without it learn nothing.
 */
function refused<Input extends { readonly KeyId: string }, Output>(
  kms: Kms,
  name: string,
  declared: Declared<Input, Output>,
): Operation<Input, Output> {
  return operation({
    ...declared,
    action: `kms:${name}`,
    permissions: decidedByKey,
    handle(input, call) {
      kms.keys.permitted(call, input.KeyId, name);
      throw declared.refuse(input);
    },
  });
}

function unsupported(text: string): KmsError {
  return new KmsError('UnsupportedOperationException', text);
}

/** Refuses replicas: the service has one region. */
export const replicateKey = (kms: Kms) =>
  refused(kms, 'ReplicateKey', {
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
    refuse: ({ KeyId, ReplicaRegion }) =>
      unsupported(
        `${KeyId} cannot be replicated to ${ReplicaRegion}: this service has one region.`,
      ),
  });

/** Refuses another primary Region: the service has one region. */
export const updatePrimaryRegion = (kms: Kms) =>
  refused(kms, 'UpdatePrimaryRegion', {
    readOnly: false,
    input: structure({ KeyId: required(keyId), PrimaryRegion: required(region) }),
    output: structure({}),
    refuse: ({ KeyId, PrimaryRegion }) =>
      unsupported(`${KeyId} has no replica in ${PrimaryRegion}: this service has one region.`),
  });

/** Refuses encapsulation: no key spec of this service supports it. */
export const encapsulate = (kms: Kms) =>
  refused(kms, 'Encapsulate', {
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
    refuse: withoutEncapsulation,
  });

/** Refuses decapsulation: no key spec of this service supports it. */
export const decapsulate = (kms: Kms) =>
  refused(kms, 'Decapsulate', {
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
    refuse: withoutEncapsulation,
  });

function withoutEncapsulation({ KeyId }: { readonly KeyId: string }): KmsError {
  return unsupported(`${KeyId} is not an ML-KEM key: encapsulation is not supported.`);
}
