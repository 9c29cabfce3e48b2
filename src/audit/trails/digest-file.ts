// The contents of digest files, and the text that is signed.

import { createHash } from 'node:crypto';
import { eventTime } from '../event-time.ts';
import type { DeliveredDigest, DeliveredFile, PendingDigest } from './trail-record.ts';

/** A digest file, with the members of CloudTrail. */
export interface DigestFile {
  readonly awsAccountId: string;
  readonly digestStartTime: string;
  readonly digestEndTime: string;
  readonly digestS3Bucket: string;
  readonly digestS3Object: string;
  readonly digestPublicKeyFingerprint: string;
  readonly digestSignatureAlgorithm: string;
  readonly newestEventTime: string | null;
  readonly oldestEventTime: string | null;
  /** These five are null in the first digest of a chain. */
  readonly previousDigestS3Bucket: string | null;
  readonly previousDigestS3Object: string | null;
  readonly previousDigestHashValue: string | null;
  readonly previousDigestHashAlgorithm: string | null;
  readonly previousDigestSignature: string | null;
  readonly logFiles: readonly DigestedFile[];
}

/** A log file in a digest. */
export interface DigestedFile {
  readonly s3Bucket: string;
  readonly s3Object: string;
  readonly hashValue: string;
  readonly hashAlgorithm: string;
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

/** The only algorithm of signatures, under its name in digests and in metadata of objects. */
export const signatureAlgorithm = 'SHA256withRSA';

/** Creates a digest of log files. */
export function digestFile(
  accountId: string,
  { bucket, key, startMs, endMs, fingerprint }: PendingDigest,
  files: readonly DeliveredFile[],
  previous: DeliveredDigest | undefined,
): DigestFile {
  return {
    awsAccountId: accountId,
    digestStartTime: eventTime(startMs),
    digestEndTime: eventTime(endMs),
    digestS3Bucket: bucket,
    digestS3Object: key,
    digestPublicKeyFingerprint: fingerprint,
    digestSignatureAlgorithm: signatureAlgorithm,
    // These times have a fixed format, so that their order is that of their texts.
    newestEventTime: greatest(files.map(({ newestEventTime }) => newestEventTime)),
    oldestEventTime: greatest(
      files.map(({ oldestEventTime }) => oldestEventTime),
      -1,
    ),
    previousDigestS3Bucket: previous?.bucket ?? null,
    previousDigestS3Object: previous?.key ?? null,
    previousDigestHashValue: previous?.hash ?? null,
    previousDigestHashAlgorithm: previous ? 'SHA-256' : null,
    previousDigestSignature: previous?.signature ?? null,
    logFiles: files.map(({ bucket: s3Bucket, key: s3Object, hash, ...times }) => ({
      s3Bucket,
      s3Object,
      hashValue: hash,
      hashAlgorithm: 'SHA-256',
      newestEventTime: times.newestEventTime,
      oldestEventTime: times.oldestEventTime,
    })),
  };
}

function greatest(texts: readonly string[], sign = 1): string | null {
  const [first = null, ...rest] = texts;
  if (first === null) return null;
  return rest.reduce((best, text) => ((text > best ? 1 : -1) * sign > 0 ? text : best), first);
}

/** The text that is signed: the digest's time, place and hash, and the signature before it. */
export function textToSign(digest: DigestFile, hash: string): string {
  const { digestEndTime, digestS3Bucket, digestS3Object, previousDigestSignature } = digest;
  const place = `${digestS3Bucket}/${digestS3Object}`;
  return [digestEndTime, place, hash, previousDigestSignature ?? 'null'].join('\n');
}

/** SHA-256, 64 hexadecimal digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
