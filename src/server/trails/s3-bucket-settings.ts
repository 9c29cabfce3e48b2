// The settings of buckets outside of the service.

import { systemClock } from '../../base/clock.ts';
import { ServerError } from '../errors.ts';
import { readAuthorities } from '../sign-in/small-file.ts';
import { type BucketCredentials, S3Buckets } from './s3-buckets.ts';

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

/** Composes the buckets. Nothing is called or loaded yet. */
export function s3Buckets({ profile, ...settings }: S3BucketSettings): S3Buckets {
  let finding: Promise<() => Promise<BucketCredentials>> | undefined;
  const credentials = async () => {
    finding ??= credentialsOf(settings.region, profile);
    const find = await finding;
    return find();
  };
  return new S3Buckets({ ...settings, credentials, clock: systemClock });
}

type Package = typeof import('@aws-sdk/client-kms');

/** Finds credentials in the same places as AWS's SDK, and renews temporary ones before they expire. */
async function credentialsOf(
  region: string,
  profile: string | undefined,
): Promise<() => Promise<BucketCredentials>> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const imported: Package & { readonly default?: Package } = await import('@aws-sdk/client-kms');
  // The package is a CommonJS module, of which the bundler exports only the whole.
  const sdk = imported.default ?? imported;
  const client = new sdk.KMSClient({ region, ...(profile !== undefined && { profile }) });
  return () => client.config.credentials();
}
