// The settings for clients on other machines.

import type { ListenerAccess } from '../../net/tls-listener.ts';
import { ServerError } from '../errors.ts';
import { type AcmeSettings, checkAcme } from './acme/acme-settings.ts';
import type { CertificateFiles } from './certificate-files.ts';
import { checkTrustedProxies } from './proxy-setting.ts';
import { checkSharedPorts, type SharedPortNumbers } from './shared-ports-setting.ts';

/** How clients on other machines reach the service. */
export interface PublicAccess {
  /** A certificate of an authority outside for the public names; undefined for none. */
  readonly certificateFiles: CertificateFiles | undefined;
  /** Addresses and networks of proxies, whose connections begin with a header of the PROXY protocol. */
  readonly trustedProxies: readonly string[];
  /** Ports that all brokers share, by listener. */
  readonly sharedPorts: SharedPortNumbers;
  /** An authority that issues the certificate by ACME; undefined for none. */
  readonly acme: AcmeSettings | undefined;
  /** Whether brokers have names like those of Amazon MQ. */
  readonly hasAwsNames: boolean;
}

/** How clients reach listeners with these settings. */
export function listenerAccess({
  certificateFiles,
  acme,
  trustedProxies,
}: PublicAccess): ListenerAccess {
  const choosesByName = certificateFiles !== undefined || acme !== undefined;
  return { trustedProxies, choosesByName };
}

/**
 * Checks the settings.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkPublicAccess(
  { certificateFiles, trustedProxies, sharedPorts, hasAwsNames, acme }: PublicAccess,
  { apiPort, publicHosts }: { readonly apiPort: number; readonly publicHosts: readonly string[] },
): void {
  if (certificateFiles !== undefined && publicHosts.length === 0) {
    const text = '--tls-certificate is set and --public-host is not; it names what to check';
    throw new ServerError('setting-invalid', `${text} the certificate for`);
  }
  if (acme !== undefined) {
    if (certificateFiles !== undefined) {
      const text = '--acme-directory and --tls-certificate are both set; expected one of them';
      throw new ServerError('setting-invalid', text);
    }
    checkAcme(acme, publicHosts);
  }
  checkTrustedProxies(trustedProxies);
  checkSharedPorts(sharedPorts, { apiPort, publicHosts, hasAwsNames });
}
