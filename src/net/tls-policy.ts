// TLS versions and cipher suites.

import type { TlsOptions } from 'node:tls';

/** The TLS settings of a listener: versions, cipher suites, and trusted client certificates. */
export type TlsPolicy = Required<
  Pick<
    TlsOptions,
    'minVersion' | 'maxVersion' | 'ciphers' | 'honorCipherOrder' | 'ecdhCurve' | 'ca'
  >
>;

/**
 * The cipher suites for RabbitMQ in the Amazon MQ guide's page on data protection, with OpenSSL
 * names.
 */
const amazonMqRsaSuites = ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256'];

/** The ECDSA counterparts of {@link amazonMqRsaSuites}. */
const ecdsaSuites = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];

const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'];

const curves = 'X25519:P-256:P-384';

/**
 * The default policy: TLS 1.3, and TLS 1.2 with the suites of the guide and their ECDSA
 * counterparts. All of them provide forward secrecy.
 */
export const defaultTlsPolicy: TlsPolicy = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: [...tls13Suites, ...ecdsaSuites, ...amazonMqRsaSuites].join(':'),
  honorCipherOrder: true,
  ecdhCurve: curves,
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
