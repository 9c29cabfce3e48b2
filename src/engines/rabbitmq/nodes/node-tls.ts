// The TLS settings of nodes for clients.

import { amazonMqTlsPolicy, defaultTlsPolicy } from '../../../net/tls-policy.ts';
import type { NodeTls } from './node-configuration.ts';

/** @param hasParity whether to use only the versions and suites of the Amazon MQ guide */
export function clusterTls(hasParity: boolean): NodeTls {
  const { ciphers, maxVersion } = hasParity ? amazonMqTlsPolicy : defaultTlsPolicy;
  // Nodes have a certificate with an RSA key only.
  const suites = (ciphers ?? '').split(':').filter((suite) => !suite.includes('ECDSA'));
  return { suites, versions: maxVersion === 'TLSv1.3' ? ['tlsv1.3', 'tlsv1.2'] : ['tlsv1.2'] };
}
