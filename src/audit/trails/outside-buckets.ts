// Buckets outside of this service, to which files of trails are copied.

import { AuditError } from '../errors.ts';

/** Stores copies of files in an S3-compatible service. */
export interface OutsideBuckets {
  /** Whether a bucket is outside. */
  has(bucket: string): boolean;
  /**
   * Stores a file, in place of an earlier one with this key. Resolves once the other service has
   * answered that it is stored.
   *
   * @throws {AuditError} `no-such-bucket`, `bucket-refused`, `bucket-unreachable`
   */
  put(
    bucket: string,
    key: string,
    body: Buffer,
    metadata: Readonly<Record<string, string>>,
  ): Promise<void>;
}

/** The object by which CreateTrail tries whether it may write to a bucket, as in CloudTrail. */
export function probeKey(prefix: string, accountId: string): string {
  return `${prefix === '' ? '' : `${prefix}/`}AWSLogs/${accountId}/CloudTrail/`;
}

/** The error of a trail with a KMS key and a bucket outside, which would get the files in clear. */
export function kmsKeyOutside(bucket: string): AuditError {
  const text = `S3 bucket ${bucket} is outside of the service. Files there cannot be sealed under a KMS key.`;
  return new AuditError('bucket-refused', text);
}
