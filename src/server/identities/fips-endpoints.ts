// The host names that AWS clients use with `AWS_USE_FIPS_ENDPOINT`.

/** The names of the services here in a region. */
export function fipsEndpoints(region: string): readonly string[] {
  const regional = ['mq', 'kms', 'cloudtrail', 'sts'];
  return [
    ...regional.map((name) => `${name}-fips.${region}.amazonaws.com`),
    'iam-fips.amazonaws.com',
  ];
}
