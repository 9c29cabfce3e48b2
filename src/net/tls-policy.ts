// TLS versions and cipher suites.

import { createSecureContext, type TlsOptions } from 'node:tls';
import { approvedCurves } from '../crypto/fips.ts';
import { isFipsForced } from '../crypto/fips-process.ts';

/** The TLS settings of a listener: versions, cipher suites, and trusted client certificates. */
export type TlsPolicy = Required<
  Pick<
    TlsOptions,
    'minVersion' | 'maxVersion' | 'ciphers' | 'honorCipherOrder' | 'ecdhCurve' | 'ca'
  >
> &
  Pick<TlsOptions, 'dhparam'>;

/**
 * The cipher suites for RabbitMQ in the Amazon MQ guide's page on data protection, with OpenSSL
 * names.
 */
const amazonMqRsaSuites = ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256'];

/** The ECDSA counterparts of {@link amazonMqRsaSuites}. */
const ecdsaSuites = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];

/** The cipher suites for ActiveMQ in the same page, in its order, with OpenSSL names. */
const amazonMqActiveMqSuites = [
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES256-SHA256',
  'DHE-RSA-AES256-SHA',
  'AES256-GCM-SHA384',
  'AES256-SHA256',
  'AES256-SHA',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA',
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES128-SHA256',
  'DHE-RSA-AES128-SHA',
  'AES128-GCM-SHA256',
  'AES128-SHA256',
  'AES128-SHA',
];

const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'];

const curves = isFipsForced() ? approvedCurves : 'X25519:P-256:P-384';

/** A hybrid of X25519 and ML-KEM-768, which is also secure against quantum computers. TLS 1.3 only. */
const hybridGroup = 'X25519MLKEM768';

/**
 * The hybrid, then the others. After a `/`, groups are agreed only with clients that do not know those
 * before it, even if their first message would permit them at once.
 */
const withHybrid = `${hybridGroup}/${curves}`;

/** The groups for key exchange in order of preference. OpenSSL knows the hybrid from 3.5. */
const groups = !isFipsForced() && areKnownGroups(withHybrid) ? withHybrid : curves;

function areKnownGroups(names: string): boolean {
  const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number);
  if (major < 3 || (major === 3 && minor < 5)) return false;
  try {
    // Unknown in some builds and with some providers, such as FIPS.
    createSecureContext({ ecdhCurve: names, ca: [] });
    return true;
  } catch {
    return false;
  }
}

/**
 * The default policy: TLS 1.3, and TLS 1.2 with the suites of the guide and their ECDSA
 * counterparts. All of them provide forward secrecy.
 */
export const defaultTlsPolicy: TlsPolicy = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: [...tls13Suites, ...ecdsaSuites, ...amazonMqRsaSuites].join(':'),
  honorCipherOrder: true,
  ecdhCurve: groups,
  // Clients have no certificates. Without this option, Node would parse all public authorities,
  // which takes about 20 ms per process.
  ca: [],
};

/** Exactly the policy that the guide states for RabbitMQ brokers: TLS 1.2 with two RSA suites. */
export const amazonMqTlsPolicy: TlsPolicy = {
  ...defaultTlsPolicy,
  maxVersion: 'TLSv1.2',
  ciphers: amazonMqRsaSuites.join(':'),
};

/**
 * Exactly the policy that the guide states for ActiveMQ brokers: TLS 1.2 with 18 RSA suites. Six of
 * them provide no forward secrecy, and twelve use CBC.
 */
export const amazonMqActiveMqTlsPolicy: TlsPolicy = {
  ...amazonMqTlsPolicy,
  ciphers: amazonMqActiveMqSuites.join(':'),
  // Groups as strong as the certificate's key: at least 2048 bits.
  dhparam: 'auto',
};
