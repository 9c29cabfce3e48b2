// The parts that the operations on buckets need.

import type { ObjectStore } from '../../audit/trails/object-store.ts';
import type { Trails } from '../../audit/trails/trails.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Permission } from '../../aws/service.ts';
import type { CallContext } from '../../calls/call-context.ts';
import type { TouchedResource } from '../../calls/completed-call.ts';

/** The parts that the operations need. */
export interface S3Parts {
  readonly trails: Trails;
  readonly objects: ObjectStore;
  readonly region: string;
  /**
   * Decrypts the data key of an object with the permissions of the caller; 32 bytes.
   *
   * @throws {AwsError}
   */
  readonly openDataKey: (
    call: Pick<CallContext, 'caller' | 'sourceIp' | 'userAgent'>,
    kmsKeyArn: string,
    wrapped: Buffer,
    context: Readonly<Record<string, string>>,
  ) => Promise<Buffer>;
}

/** The permission for an action on a bucket or an object in it. */
export function onBucket(action: string, bucket: string, key?: string): Permission {
  return { action, resources: [arnOf(bucket, key)] };
}

/** The bucket of a call as the resource of its event. */
export function touchedBucket(bucket: string, { accountId }: CallContext): TouchedResource {
  return { arn: arnOf(bucket), type: 'AWS::S3::Bucket', accountId };
}

/** The object of a call as the resource of its event. */
export function touchedObject(bucket: string, key: string): TouchedResource {
  return { arn: arnOf(bucket, key), type: 'AWS::S3::Object', accountId: '' };
}

function arnOf(bucket: string, key?: string): string {
  return key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`;
}

/** @throws {AwsError} `NoSuchBucket` */
export function requireBucket({ trails }: S3Parts, bucket: string): void {
  if (trails.hasBucket(bucket)) return;
  const text = 'The specified bucket does not exist';
  throw new AwsError('NoSuchBucket', text, { status: 404 });
}
