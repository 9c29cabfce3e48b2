// The settings for clients on other machines, from the options of `waxwing serve`.

import { resolve } from 'node:path';
import { ServerError } from '../../server/errors.ts';
import type { AcmeSettings } from '../../server/public/acme/acme-settings.ts';
import type { CertificateFiles } from '../../server/public/certificate-files.ts';
import type { PublicAccess } from '../../server/public/public-access.ts';
import { readAuthorities } from '../../server/sign-in/small-file.ts';

/** The options, under the names that the argument parser gives them. */
export interface PublicOptions {
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly tlsKeyPassphraseFile?: string;
  readonly proxyProtocol?: readonly string[];
  readonly sharedPorts?: ReadonlyMap<string, number>;
  readonly awsHostNames: boolean;
  readonly acmeDirectory?: string;
  readonly acmeEmail?: string;
  readonly acmeAgreeTos: boolean;
  readonly acmeCaFile?: string;
  readonly acmeHttpPort: number;
}

/** @throws {ServerError} `setting-invalid` */
export async function publicAccess(options: PublicOptions): Promise<PublicAccess> {
  return {
    certificateFiles: certificateFiles(options),
    acme: await acmeSettings(options),
    trustedProxies: options.proxyProtocol ?? [],
    sharedPorts: options.sharedPorts ?? new Map(),
    hasAwsNames: options.awsHostNames,
  };
}

/**
 * The files of the certificate; undefined if none is set.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function certificateFiles({
  tlsCertificate: certificate,
  tlsKey: key,
  tlsKeyPassphraseFile: passphrase,
}: Pick<PublicOptions, 'tlsCertificate' | 'tlsKey' | 'tlsKeyPassphraseFile'>):
  | CertificateFiles
  | undefined {
  if (certificate === undefined && key === undefined && passphrase === undefined) return undefined;
  if (certificate === undefined || key === undefined) {
    const missing = certificate === undefined ? '--tls-certificate' : '--tls-key';
    throw new ServerError('setting-invalid', `${missing} is not set; it needs both files`);
  }
  return {
    certificateFile: resolve(certificate),
    keyFile: resolve(key),
    passphraseFile: passphrase && resolve(passphrase),
  };
}

async function acmeSettings({
  acmeDirectory: directory,
  acmeEmail: email,
  acmeAgreeTos: agreesToTerms,
  acmeCaFile: caFile,
  acmeHttpPort: httpPort,
}: PublicOptions): Promise<AcmeSettings | undefined> {
  if (directory === undefined) return undefined;
  const authorities = caFile && (await readAuthorities('--acme-ca-file', caFile));
  return { directory, email, agreesToTerms, authorities, httpPort };
}
