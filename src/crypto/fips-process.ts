// The options of processes that use OpenSSL's FIPS provider. Without node:crypto, which takes time to load.

/** The option by which Node starts with the provider and cannot leave it. */
const forced = '--force-fips';

/**
 * Whether this process was started with the FIPS provider. It does not prove that the provider is
 * active; `enforceFips` does.
 */
export function isFipsForced(): boolean {
  return process.execArgv.includes(forced);
}

/** The options and variables by which a further process uses the same provider. */
export function fipsProcess(): {
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
} {
  if (!isFipsForced()) return { options: [], environment: {} };
  const { OPENSSL_MODULES: modules } = process.env;
  return {
    options: process.execArgv.filter((each) => each === forced || each.startsWith('--openssl-')),
    environment: modules === undefined ? {} : { OPENSSL_MODULES: modules },
  };
}
