// Buckets of an S3-compatible service, to which files of trails are copied.

import { createHash } from 'node:crypto';
import { AuditError } from '../../audit/errors.ts';
import type { OutsideBuckets } from '../../audit/trails/outside-buckets.ts';
import { signedHeaders } from '../../aws/signing/sign-request.ts';
import type { Clock } from '../../base/clock.ts';
import { NetError } from '../../net/errors.ts';
import { type HttpsAnswer, HttpsClient } from '../../net/http/https-client.ts';

/** Maximum time for storing a file, milliseconds. Files have up to some MiB. */
const putTimeoutMs = 20_000;
/** Maximum size of an answer, bytes. Those of S3 have less than a KiB. */
const answerBytesMax = 64 * 1024;

/** Credentials for the other service. */
export interface BucketCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** The other service, and the buckets there. */
export interface S3BucketsOptions {
  /** `https://HOST[:PORT]`, without a path. */
  readonly endpoint: string;
  readonly region: string;
  readonly buckets: readonly string[];
  /** Additional authorities of the endpoint's certificate, PEM; undefined for public ones only. */
  readonly authorities: string | undefined;
  /** Called for each request, so that temporary credentials may change. */
  readonly credentials: () => Promise<BucketCredentials>;
  readonly clock: Clock;
}

/**
 * Stores files with PutObject over HTTPS, in requests with signature version 4 and paths of the form
 * `/BUCKET/KEY`. Each request states the SHA-256 of the file twice: in the signature, and as a checksum
 * that buckets with object lock require.
 */
export class S3Buckets implements OutsideBuckets {
  readonly #options: S3BucketsOptions;
  readonly #client: HttpsClient;

  constructor(options: S3BucketsOptions) {
    this.#options = options;
    const { authorities, clock } = options;
    const limits = { timeoutMs: putTimeoutMs, bodyBytesMax: answerBytesMax };
    this.#client = new HttpsClient({ authorities, clock, ...limits });
  }

  has(bucket: string): boolean {
    return this.#options.buckets.includes(bucket);
  }

  async put(
    bucket: string,
    key: string,
    body: Buffer,
    metadata: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { endpoint, region, clock, credentials } = this.#options;
    const path = `/${bucket}/${key.split('/').map(encodedSegment).join('/')}`;
    const url = new URL(path, endpoint);
    const hash = createHash('sha256').update(body).digest();
    const ofFile = Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
    const signer = await credentials().catch((cause: Error) => {
      throw unreachable(bucket, `there are no credentials for it: ${cause.message}`, cause);
    });
    const headers = signedHeaders(
      {
        method: 'PUT',
        path,
        host: url.host,
        body,
        headers: {
          'content-encoding': 'gzip',
          'x-amz-content-sha256': hash.toString('hex'),
          'x-amz-checksum-sha256': hash.toString('base64'),
          ...Object.fromEntries(ofFile),
        },
      },
      { ...signer, region, service: 's3' },
      clock.nowMs(),
    );
    const answer = await this.#client
      .send(url, { method: 'PUT', headers, body })
      .catch((cause: unknown) => {
        throw cause instanceof NetError ? unreachable(bucket, cause.message, cause) : cause;
      });
    if (answer.status !== 200) throw refusalOf(bucket, url.host, answer);
  }
}

/** Encodes a part of a path as S3 signs it: everything but letters, digits and `-._~`. */
function encodedSegment(segment: string): string {
  return encodeURIComponent(segment).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The error of an answer. Only its status and its error code are shown. */
function refusalOf(bucket: string, host: string, { status, body }: HttpsAnswer): AuditError {
  const [, code] = /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(body.toString('latin1')) ?? [];
  if (code === 'NoSuchBucket') {
    return new AuditError('no-such-bucket', `S3 bucket ${bucket} does not exist at ${host}.`);
  }
  const said = `${host} answered with status ${status}${code === undefined ? '' : ` ${code}`}`;
  if (status >= 500 || status === 429) return unreachable(bucket, said);
  return new AuditError('bucket-refused', `Files cannot be stored in bucket ${bucket}: ${said}.`);
}

function unreachable(bucket: string, why: string, cause?: Error): AuditError {
  const text = `S3 bucket ${bucket} cannot be reached: ${why}`;
  return new AuditError('bucket-unreachable', text, { cause });
}
