// The settings of buckets outside of the service.

import { ServerError } from '../errors.ts';
import { readAuthorities } from '../sign-in/small-file.ts';

/** The options of `waxwing serve`, under the names that the argument parser gives them. */
export interface S3BucketOptions {
  readonly trailS3Buckets?: string;
  readonly trailS3Endpoint?: string;
  readonly trailS3Region: string;
  readonly trailS3CaFile?: string;
  readonly trailS3Profile?: string;
}

/** The buckets outside, and where they are. */
export interface S3BucketSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly buckets: readonly string[];
  readonly authorities: string | undefined;
  /** The profile of AWS's configuration files; undefined for AWS's default credentials. */
  readonly profile: string | undefined;
}

/** Maximum number of buckets. There are at most five trails. */
const bucketCountMax = 20;

/**
 * Reads the settings. Credentials are not among them: AWS's SDK finds them when they are needed.
 *
 * @returns undefined if no bucket is outside
 * @throws {ServerError} `setting-invalid`
 */
export async function s3BucketSettings(
  options: S3BucketOptions,
): Promise<S3BucketSettings | undefined> {
  const { trailS3Buckets: list, trailS3Region: region, trailS3CaFile: caFile } = options;
  const { trailS3Endpoint: given, trailS3Profile: profile } = options;
  if (list === undefined) return undefined;
  const buckets = list.split(',');
  const wrong = buckets.find((name) => !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name));
  if (wrong !== undefined || buckets.length > bucketCountMax) {
    const allowed = `1 to ${bucketCountMax} names of buckets, separated by commas`;
    throw invalid(`--trail-s3-buckets is '${list.slice(0, 200)}'; expected ${allowed}`);
  }
  if (!/^[a-z0-9-]{1,64}$/.test(region)) {
    throw invalid(`--trail-s3-region is '${region}'; expected a name like eu-central-1`);
  }
  const endpoint = given ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https:\/\/[^/?#@\s]{1,253}\/?$/.test(endpoint) || !URL.canParse(endpoint)) {
    throw invalid('--trail-s3-endpoint: expected https://HOST[:PORT]');
  }
  const authorities =
    caFile === undefined ? undefined : await readAuthorities('--trail-s3-ca-file', caFile);
  return { endpoint, region, buckets, authorities, profile };
}

function invalid(text: string): ServerError {
  return new ServerError('setting-invalid', text);
}
