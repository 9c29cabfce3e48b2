// The operations on buckets.

import type { ObjectInfo } from '../../../audit/trails/object-store.ts';
import { operation } from '../../../aws/service.ts';
import {
  boolean,
  enumeration,
  flattened,
  inHeader,
  inPayload,
  inQuery,
  integer,
  list,
  required,
  string,
  structure,
  timestamp,
  xmlNamed,
} from '../../../aws/shapes/shape.ts';
import { onBucket, requireBucket, type S3Parts, touchedBucket } from '../parts.ts';

const bucket = required(string({ max: 255 }));
const keysPerPage = 1000;
const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
const page = {
  Prefix: inQuery('prefix', string({ max: 1024 })),
  MaxKeys: inQuery('max-keys', integer({ min: 0, max: 1_000_000 })),
  EncodingType: inQuery('encoding-type', enumeration(['url'])),
};

const contents = flattened(
  list(
    structure({
      Key: string(),
      LastModified: timestamp(),
      ETag: string(),
      Size: integer(),
      StorageClass: string(),
    }),
  ),
);
const listed = {
  Name: string(),
  Prefix: string(),
  MaxKeys: integer(),
  IsTruncated: boolean(),
  EncodingType: string(),
  Contents: contents,
};

/** Returns the region of a bucket. */
export const getBucketLocation = (parts: S3Parts) =>
  operation({
    action: 's3:GetBucketLocation',
    readOnly: true,
    http: { method: 'GET', path: '/{Bucket}?location' },
    input: structure({ Bucket: bucket }),
    output: structure({
      contentType: inHeader('Content-Type', string()),
      body: inPayload(string()),
    }),
    permissions: ({ Bucket }) => [onBucket('s3:GetBucketLocation', Bucket)],
    handle: ({ Bucket }, call) => {
      requireBucket(parts, Bucket);
      // The region us-east-1 has no name here.
      const region = parts.region === 'us-east-1' ? '' : parts.region;
      const element = `<LocationConstraint xmlns="${namespace}">${region}</LocationConstraint>`;
      return {
        output: {
          contentType: 'application/xml',
          body: `<?xml version="1.0" encoding="UTF-8"?>\n${element}`,
        },
        resources: [touchedBucket(Bucket, call)],
        auditRequest: { bucketName: Bucket },
      };
    },
  });

/** Answers whether a bucket exists. */
export const headBucket = (parts: S3Parts) =>
  operation({
    action: 's3:ListBucket',
    readOnly: true,
    isDataEvent: true,
    http: { method: 'HEAD', path: '/{Bucket}' },
    input: structure({ Bucket: bucket }),
    output: structure({ region: inHeader('x-amz-bucket-region', string()) }),
    permissions: ({ Bucket }) => [onBucket('s3:ListBucket', Bucket)],
    handle: ({ Bucket }, call) => {
      requireBucket(parts, Bucket);
      return {
        output: { region: parts.region },
        resources: [touchedBucket(Bucket, call)],
        auditRequest: { bucketName: Bucket },
      };
    },
  });

/** Lists objects in the order of their keys. */
export const listObjects = (parts: S3Parts) =>
  operation({
    action: 's3:ListBucket',
    readOnly: true,
    isDataEvent: true,
    http: { method: 'GET', path: '/{Bucket}' },
    input: structure({
      Bucket: bucket,
      ...page,
      Marker: inQuery('marker', string({ max: 1024 })),
    }),
    output: xmlNamed('ListBucketResult', structure({ ...listed, Marker: string() })),
    permissions: ({ Bucket }) => [onBucket('s3:ListBucket', Bucket)],
    handle: async (input, call) => {
      const { Bucket, Marker = '' } = input;
      const output = await pageOf(parts, input, Marker);
      return {
        output: { ...output, Marker },
        resources: [touchedBucket(Bucket, call)],
        auditRequest: auditRequest(input),
      };
    },
  });

/** Lists objects in the order of their keys, with continuation tokens. */
export const listObjectsV2 = (parts: S3Parts) =>
  operation({
    action: 's3:ListBucket',
    readOnly: true,
    isDataEvent: true,
    http: { method: 'GET', path: '/{Bucket}?list-type=2' },
    input: structure({
      Bucket: bucket,
      ...page,
      StartAfter: inQuery('start-after', string({ max: 1024 })),
      ContinuationToken: inQuery('continuation-token', string({ max: 2048 })),
    }),
    output: xmlNamed(
      'ListBucketResult',
      structure({
        ...listed,
        KeyCount: integer(),
        StartAfter: string(),
        ContinuationToken: string(),
        NextContinuationToken: string(),
      }),
    ),
    permissions: ({ Bucket }) => [onBucket('s3:ListBucket', Bucket)],
    handle: async (input, call) => {
      const { Bucket, StartAfter, ContinuationToken } = input;
      const token = ContinuationToken && Buffer.from(ContinuationToken, 'base64url').toString();
      const output = await pageOf(parts, input, token ?? StartAfter ?? '');
      const last = output.Contents.at(-1)?.Key;
      return {
        output: {
          ...output,
          KeyCount: output.Contents.length,
          StartAfter,
          ContinuationToken,
          ...(output.IsTruncated &&
            last !== undefined && {
              NextContinuationToken: Buffer.from(last).toString('base64url'),
            }),
        },
        resources: [touchedBucket(Bucket, call)],
        auditRequest: auditRequest(input),
      };
    },
  });

interface PageInput {
  readonly Bucket: string;
  readonly Prefix?: string | undefined;
  readonly MaxKeys?: number | undefined;
  readonly EncodingType?: string | undefined;
}

async function pageOf(parts: S3Parts, input: PageInput, after: string) {
  const { Bucket, Prefix = '', MaxKeys = keysPerPage, EncodingType } = input;
  requireBucket(parts, Bucket);
  const count = Math.min(MaxKeys, keysPerPage);
  const { objects, isTruncated } =
    count === 0
      ? { objects: [], isTruncated: false }
      : await parts.objects.list(Bucket, Prefix, after, count);
  // Keys of trails are unchanged by the only encoding, which is that of URLs.
  return {
    Name: Bucket,
    Prefix,
    MaxKeys: count,
    IsTruncated: isTruncated,
    EncodingType,
    Contents: objects.map(objectView),
  };
}

function objectView({ key, modifiedMs, etag, sizeBytes }: ObjectInfo) {
  return {
    Key: key,
    LastModified: modifiedMs,
    ETag: etag,
    Size: sizeBytes,
    StorageClass: 'STANDARD',
  };
}

function auditRequest({ Bucket, Prefix }: PageInput): object {
  return { bucketName: Bucket, ...(Prefix !== undefined && { prefix: Prefix }) };
}
