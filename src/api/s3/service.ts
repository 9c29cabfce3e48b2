// The service for the buckets with files of trails: a part of the API of Amazon S3, to read them.

import { AuditError } from '../../audit/errors.ts';
import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { getBucketLocation, headBucket, listObjects, listObjectsV2 } from './operations/buckets.ts';
import { getObject } from './operations/objects.ts';
import type { S3Parts } from './parts.ts';

/** The read operations that `aws cloudtrail validate-logs` and other readers of trails need. */
export function s3Service(parts: S3Parts): Service {
  return {
    name: 's3',
    wires: ['rest-xml'],
    isFoundBySignature: true,
    xmlNamespace: 'http://s3.amazonaws.com/doc/2006-03-01/',
    eventSource: 's3.amazonaws.com',
    apiVersion: '2006-03-01',
    operations: {
      GetBucketLocation: getBucketLocation(parts),
      HeadBucket: headBucket(parts),
      ListObjects: listObjects(parts),
      ListObjectsV2: listObjectsV2(parts),
      GetObject: getObject(parts),
    },
    translate: (error) => {
      if (!(error instanceof AuditError)) return undefined;
      // Also for objects that cannot be opened, so that readers report them and continue.
      return new AwsError('NoSuchKey', error.message, { status: 404, cause: error });
    },
  };
}
