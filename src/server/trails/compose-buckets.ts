// Composition of the buckets outside of the service.

import { systemClock } from '../../base/clock.ts';
import type { S3BucketSettings } from './s3-bucket-settings.ts';
import { type BucketCredentials, S3Buckets } from './s3-buckets.ts';

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
