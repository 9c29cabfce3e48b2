// The calls of this service to a KMS outside, as operations: authorised and recorded like others.

import { AwsError } from '../../../aws/errors.ts';
import { operation, type Permissions, type Service } from '../../../aws/service.ts';
import { boolean, integer, list, required, string, structure } from '../../../aws/shapes/shape.ts';
import type { TouchedResource } from '../../../calls/completed-call.ts';
import { bytesIn, type RemoteKms, textIn } from '../../../kms/remote/remote-kms.ts';
import {
  type RemoteAnswer,
  RemoteKmsRefusal,
  RemoteKmsUnreachable,
} from '../../../kms/remote/remote-kms-client.ts';
import {
  ciphertext,
  encryptionContext,
  grantConstraints,
  grantId,
  grantOperations,
  keyId,
  limit,
  nothing,
  plaintext,
  principal,
} from '../shapes.ts';

/** Maximum size of a wrapped key, as in the API of KMS. */
const ciphertextBytesMax = 6144;
const dataKeyBytes = 32;
/** A name that identifies the grant among those of other installations. */
const grantName = string({ min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ });

/** An input that names a key by its ARN. */
interface OnKey {
  readonly KeyId: string;
}

/**
 * The service `remote-kms`. It has no operation that can be called over HTTP; the control plane
 * calls it, on behalf of the user who creates a broker or for itself. The policies of that user
 * decide about the ARN of the key, and the remote KMS decides about this service.
 */
export function remoteKmsService(remote: RemoteKms): Service {
  return {
    name: 'remote-kms',
    wires: ['json-1.1'],
    eventSource: 'kms.amazonaws.com',
    apiVersion: '2014-11-01',
    operations: {
      CreateGrant: createGrant(remote),
      Decrypt: decrypt(remote),
      DescribeKey: describeKey(remote),
      Encrypt: encrypt(remote),
      GenerateDataKeyWithoutPlaintext: generateDataKey(remote),
      ListGrants: listGrants(remote),
      RetireGrant: retireGrant(remote),
    },
    translate,
  };
}

function translate(error: Error): AwsError | undefined {
  if (error instanceof RemoteKmsRefusal) {
    return new AwsError(error.code, error.message, { cause: error });
  }
  if (!(error instanceof RemoteKmsUnreachable)) return undefined;
  return new AwsError('DependencyTimeoutException', error.message, { cause: error, status: 503 });
}

function permitted(action: string): (input: OnKey) => Permissions {
  return ({ KeyId }) => [{ action, resources: [KeyId] }];
}

function resourcesOf({ KeyId: arn }: OnKey): readonly TouchedResource[] {
  return [{ arn, accountId: arn.split(':')[4] ?? '', type: 'AWS::KMS::Key' }];
}

/** What the record of a call says in addition, so that both trails can be compared. */
function recorded(remote: RemoteKms, input: OnKey, { requestId }: RemoteAnswer) {
  const additionalEventData = { remoteKms: remote.url, remoteRequestId: requestId ?? null };
  return { resources: resourcesOf(input), additionalEventData };
}

const describeKey = (remote: RemoteKms) =>
  operation({
    action: 'kms:DescribeKey',
    readOnly: true,
    input: structure({ KeyId: required(keyId) }),
    output: structure({
      KeyMetadata: structure({
        Arn: required(keyId),
        KeyState: required(string()),
        KeySpec: required(string()),
        KeyUsage: required(string()),
        KeyManager: required(string()),
      }),
    }),
    permissions: permitted('kms:DescribeKey'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('DescribeKey', input);
      const found = (answer.output['KeyMetadata'] ?? {}) as Readonly<Record<string, unknown>>;
      const text = (name: string) => textIn(found[name], name);
      const KeyMetadata = {
        Arn: text('Arn'),
        KeyState: text('KeyState'),
        KeySpec: text('KeySpec'),
        KeyUsage: text('KeyUsage'),
        KeyManager: text('KeyManager'),
      };
      return { output: { KeyMetadata }, ...recorded(remote, input, answer) };
    },
  });

const createGrant = (remote: RemoteKms) =>
  operation({
    action: 'kms:CreateGrant',
    readOnly: false,
    input: structure({
      KeyId: required(keyId),
      GranteePrincipal: required(principal),
      RetiringPrincipal: principal,
      Operations: required(grantOperations),
      Constraints: grantConstraints,
      Name: grantName,
    }),
    output: structure({ GrantId: grantId }),
    permissions: permitted('kms:CreateGrant'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('CreateGrant', input);
      const GrantId = textIn(answer.output['GrantId'], 'GrantId', 128);
      const auditResponse = { grantId: GrantId, keyId: input.KeyId };
      return { output: { GrantId }, auditResponse, ...recorded(remote, input, answer) };
    },
  });

const listGrants = (remote: RemoteKms) =>
  operation({
    action: 'kms:ListGrants',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      GrantId: grantId,
      GranteePrincipal: principal,
      Limit: limit,
      Marker: string({ min: 1, max: 1024 }),
    }),
    output: structure({
      Grants: list(structure({ GrantId: grantId, Name: string(), Constraints: grantConstraints })),
      NextMarker: string(),
      Truncated: boolean(),
    }),
    permissions: permitted('kms:ListGrants'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('ListGrants', input);
      const { Grants, NextMarker } = answer.output;
      const found = (Array.isArray(Grants) ? Grants : []).slice(0, 1000);
      const output = {
        Grants: found.map((grant) => ({
          GrantId: textIn(grant.GrantId, 'GrantId', 128),
          Name: typeof grant.Name === 'string' ? grant.Name : '',
          Constraints: grant.Constraints,
        })),
        NextMarker: NextMarker === undefined ? undefined : textIn(NextMarker, 'NextMarker', 1024),
        Truncated: NextMarker !== undefined,
      };
      return { output, ...recorded(remote, input, answer) };
    },
  });

const retireGrant = (remote: RemoteKms) =>
  operation({
    action: 'kms:RetireGrant',
    readOnly: false,
    input: structure({ KeyId: required(keyId), GrantId: required(grantId) }),
    output: nothing,
    permissions: permitted('kms:RetireGrant'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('RetireGrant', input);
      return { output: {}, ...recorded(remote, input, answer) };
    },
  });

const generateDataKey = (remote: RemoteKms) =>
  operation({
    action: 'kms:GenerateDataKeyWithoutPlaintext',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      NumberOfBytes: required(integer({ min: 1, max: 1024 })),
      EncryptionContext: encryptionContext,
    }),
    output: structure({ CiphertextBlob: ciphertext }),
    permissions: permitted('kms:GenerateDataKeyWithoutPlaintext'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('GenerateDataKeyWithoutPlaintext', input);
      const { CiphertextBlob: blob } = answer.output;
      const CiphertextBlob = bytesIn(blob, 'CiphertextBlob', ciphertextBytesMax);
      return { output: { CiphertextBlob }, ...recorded(remote, input, answer) };
    },
  });

const encrypt = (remote: RemoteKms) =>
  operation({
    action: 'kms:Encrypt',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      Plaintext: required(plaintext),
      EncryptionContext: encryptionContext,
    }),
    output: structure({ CiphertextBlob: ciphertext }),
    permissions: permitted('kms:Encrypt'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('Encrypt', input);
      const { CiphertextBlob: blob } = answer.output;
      const CiphertextBlob = bytesIn(blob, 'CiphertextBlob', ciphertextBytesMax);
      return { output: { CiphertextBlob }, ...recorded(remote, input, answer) };
    },
  });

const decrypt = (remote: RemoteKms) =>
  operation({
    action: 'kms:Decrypt',
    readOnly: true,
    input: structure({
      KeyId: required(keyId),
      CiphertextBlob: required(ciphertext),
      EncryptionContext: encryptionContext,
      DryRun: boolean(),
    }),
    output: structure({ Plaintext: plaintext }),
    permissions: permitted('kms:Decrypt'),
    failedResources: resourcesOf,
    async handle(input) {
      const answer = await remote.call('Decrypt', input);
      const Plaintext = bytesIn(answer.output['Plaintext'], 'Plaintext', dataKeyBytes);
      return { output: { Plaintext }, ...recorded(remote, input, answer) };
    },
  });
