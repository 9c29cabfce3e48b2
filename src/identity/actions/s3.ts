// The actions of Amazon S3 on buckets with files of trails.

import { serviceActions } from './service-actions.ts';

/** @see Service authorization reference, "Actions, resources, and condition keys for Amazon S3" */
export const s3Actions = serviceActions(
  's3',
  {
    bucket: 'arn:${Partition}:s3:::${BucketName}',
    object: 'arn:${Partition}:s3:::${BucketName}/${ObjectName}',
  },
  [
    ['Read', ['bucket'], [], 'GetBucketLocation'],
    ['List', ['bucket'], [], 'ListBucket'],
    ['Read', ['object'], [], 'GetObject'],
  ],
);
