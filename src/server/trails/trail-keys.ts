// The use of KMS keys for files of trails, through the same calls as any other use.

import type { S3Parts } from '../../api/s3/parts.ts';
import type { ObjectDataKey } from '../../audit/trails/object-store.ts';
import { type TrailsPlace, trailArn } from '../../audit/trails/trails.ts';
import { AwsError } from '../../aws/errors.ts';
import type { LocalClient } from '../../aws/local-client.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { Caller } from '../../calls/caller.ts';

const trailPrincipal = 'cloudtrail.amazonaws.com';
const bucketPrincipal = 's3.amazonaws.com';
/** The key of the encryption context that names the trail. */
const contextKey = 'aws:cloudtrail:arn';

/** Uses KMS keys for files of trails. */
export class TrailKeys {
  readonly #client: LocalClient;
  readonly #place: TrailsPlace;

  constructor(client: LocalClient, place: TrailsPlace) {
    this.#client = client;
    this.#place = place;
  }

  /** Generates a data key for an object. CloudTrail needs the permission of the key's policy. */
  async generate(
    kmsKeyArn: string,
    context: Readonly<Record<string, string>>,
  ): Promise<ObjectDataKey> {
    const input = { KeyId: kmsKeyArn, KeySpec: 'AES_256', EncryptionContext: context };
    const { [contextKey]: sourceArn } = context;
    const as = { service: trailPrincipal, ...(sourceArn !== undefined && { sourceArn }) };
    const { Plaintext, CiphertextBlob } = await this.#client.call<{
      Plaintext: Buffer;
      CiphertextBlob: Buffer;
    }>('kms', 'GenerateDataKey', input, as);
    return { kmsKeyArn, plaintext: Plaintext, wrapped: CiphertextBlob, context };
  }

  /** Decrypts the data key of an object with the permissions of the caller who reads it. */
  readonly open: S3Parts['openDataKey'] = async (call, kmsKeyArn, wrapped, context) => {
    const { caller, sourceIp, userAgent } = call;
    const input = { KeyId: kmsKeyArn, CiphertextBlob: wrapped, EncryptionContext: context };
    const { Plaintext } = await this.#client.call<{ Plaintext: Buffer }>('kms', 'Decrypt', input, {
      service: bucketPrincipal,
      onBehalfOf: caller,
      origin: { sourceIp, userAgent },
    });
    return Plaintext;
  };

  /**
   * Finds the key that a caller names for a trail, and checks that CloudTrail may use it.
   *
   * @returns its ARN
   * @throws {AwsError}
   */
  async keyFor(keyId: string, trailName: string, caller: Caller): Promise<string> {
    const { KeyMetadata } = await this.#client
      .call<{ KeyMetadata: { Arn: string; Enabled: boolean } }>(
        'kms',
        'DescribeKey',
        { KeyId: keyId },
        { service: trailPrincipal, onBehalfOf: caller },
      )
      .catch((error: unknown) => {
        throw keyFailure(error, keyId);
      });
    if (!KeyMetadata.Enabled) {
      throw new AwsError('KmsKeyDisabledException', `The KMS key ${keyId} is disabled.`);
    }
    const context = { [contextKey]: trailArn(this.#place, trailName) };
    const made = await this.generate(KeyMetadata.Arn, context).catch((error: unknown) => {
      throw keyFailure(error, keyId);
    });
    made.plaintext.fill(0);
    return KeyMetadata.Arn;
  }
}

function keyFailure(error: unknown, keyId: string): unknown {
  if (!(error instanceof WaxwingError)) return error;
  const cause = { cause: error };
  switch (error.code) {
    case 'NotFoundException':
      return new AwsError('KmsKeyNotFoundException', `KMS key ${keyId} is not found.`, cause);
    case 'DisabledException':
    case 'KMSInvalidStateException':
      return new AwsError('KmsKeyDisabledException', error.message, cause);
    case 'AccessDeniedException': {
      const text =
        'Insufficient permissions to access S3 bucket or KMS key: the policy of the key must allow kms:GenerateDataKey* to cloudtrail.amazonaws.com.';
      return new AwsError('InsufficientEncryptionPolicyException', text, cause);
    }
    default:
      return new AwsError('KmsException', error.message, cause);
  }
}
