// Finds OpenSSL's FIPS provider and writes the configuration by which Node loads it.

import { existsSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { onFile } from '../system-error.ts';

/** Where installations of OpenSSL keep `fipsmodule.cnf`, which `openssl fipsinstall` writes. */
const configurationFiles = [
  '/etc/ssl/fipsmodule.cnf',
  '/usr/lib/ssl/fipsmodule.cnf',
  '/usr/local/ssl/fipsmodule.cnf',
  '/etc/pki/tls/fipsmodule.cnf',
];

/** Where installations of OpenSSL keep `fips.so`. */
const moduleFolders = [
  '/usr/lib/x86_64-linux-gnu/ossl-modules',
  '/usr/lib/aarch64-linux-gnu/ossl-modules',
  '/usr/lib64/ossl-modules',
  '/usr/local/lib64/ossl-modules',
  '/usr/local/lib/ossl-modules',
];

/** How a process is started with the provider. */
export interface ProviderUse {
  /** Options of Node. */
  readonly options: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** The folder of a generated configuration, which is removed at the end. */
  readonly folder: string | undefined;
}

/**
 * Returns the options that load the provider: those of `WAXWING_FIPS_CONFIG`, a configuration for
 * the provider that is found, or those of a system whose OpenSSL is in FIPS mode already.
 */
export async function providerUse(environment: NodeJS.ProcessEnv): Promise<ProviderUse> {
  const {
    WAXWING_FIPS_CONFIG: whole,
    WAXWING_FIPS_MODULE_CONFIG: named,
    OPENSSL_MODULES: modules,
  } = environment;
  const options = ['--force-fips'];
  const inherited = modules ? { OPENSSL_MODULES: resolve(modules) } : {};
  if (whole) {
    const all = [...options, `--openssl-config=${resolve(whole)}`];
    return { options: all, environment: inherited, folder: undefined };
  }
  const configuration = named || configurationFiles.find((file) => existsSync(file));
  const moduleFolder =
    modules ||
    [...(configuration ? [dirname(configuration)] : []), ...moduleFolders].find((folder) =>
      existsSync(join(folder, 'fips.so')),
    );
  if (!configuration || !moduleFolder)
    return { options, environment: inherited, folder: undefined };
  const folder = await mkdtemp(join(tmpdir(), 'waxwing-fips-'));
  const file = join(folder, 'openssl.cnf');
  await onFile(file, writeFile(file, configurationText(resolve(configuration)), { mode: 0o600 }));
  return {
    options: [...options, `--openssl-config=${file}`],
    environment: { OPENSSL_MODULES: resolve(moduleFolder) },
    folder,
  };
}

/** The base provider reads and writes keys and computes nothing. */
function configurationText(module: string): string {
  return `nodejs_conf = waxwing
config_diagnostics = 1
.include ${module}
[waxwing]
providers = waxwing_providers
alg_section = waxwing_algorithms
[waxwing_providers]
fips = fips_sect
base = waxwing_base
[waxwing_base]
activate = 1
[waxwing_algorithms]
default_properties = fips=yes
`;
}
