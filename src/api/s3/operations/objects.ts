// The operations on objects.

import type { ObjectInfo } from '../../../audit/trails/object-store.ts';
import { operation } from '../../../aws/service.ts';
import {
  blob,
  inHeader,
  inPayload,
  inPrefixHeaders,
  map,
  required,
  sensitive,
  string,
  structure,
  timestamp,
} from '../../../aws/shapes/shape.ts';
import { onBucket, requireBucket, type S3Parts, touchedObject } from '../parts.ts';

const input = structure({
  Bucket: required(string({ max: 255 })),
  Key: required(string({ min: 1, max: 1024 })),
});

const about = {
  contentType: inHeader('Content-Type', string()),
  etag: inHeader('ETag', string()),
  lastModified: inHeader('Last-Modified', timestamp('http-date')),
  encryption: inHeader('x-amz-server-side-encryption', string()),
  encryptionKey: inHeader('x-amz-server-side-encryption-aws-kms-key-id', string()),
  metadata: inPrefixHeaders('x-amz-meta-', map(string(), string())),
};

/** Returns an object, or what is known about it without its contents. */
export const getObject = (parts: S3Parts) =>
  operation({
    action: 's3:GetObject',
    readOnly: true,
    isDataEvent: true,
    http: { method: 'GET', path: '/{Bucket}/{Key+}', isAlsoHead: true },
    input,
    output: structure({ ...about, body: inPayload(sensitive(blob())) }),
    permissions: ({ Bucket, Key }) => [onBucket('s3:GetObject', Bucket, Key)],
    failedResources: ({ Bucket, Key }) => [touchedObject(Bucket, Key)],
    handle: async ({ Bucket, Key }, call) => {
      requireBucket(parts, Bucket);
      const { info, body } = await parts.objects.get(Bucket, Key, (...sealed) =>
        parts.openDataKey(call, ...sealed),
      );
      return {
        output: { ...headersOf(info), body },
        resources: [touchedObject(Bucket, Key)],
        auditRequest: { bucketName: Bucket, key: Key },
      };
    },
  });

function headersOf({ etag, modifiedMs, metadata, kmsKeyArn }: ObjectInfo) {
  return {
    contentType: 'application/json',
    etag,
    lastModified: Math.floor(modifiedMs / 1000) * 1000,
    encryption: kmsKeyArn === undefined ? 'AES256' : 'aws:kms',
    ...(kmsKeyArn !== undefined && { encryptionKey: kmsKeyArn }),
    metadata,
  };
}
