import type { TlsOptions } from 'node:tls';

/** Versions and cipher suites that a listener speaks, and whose certificates of clients it takes. */
export type TlsPolicy = Required<
  Pick<
    TlsOptions,
    'minVersion' | 'maxVersion' | 'ciphers' | 'honorCipherOrder' | 'ecdhCurve' | 'ca'
  >
>;

/** The RabbitMQ suites of the Amazon MQ guide's page on data protection, by OpenSSL's names. */
const pageSuites = ['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES128-GCM-SHA256'];

/** The same for servers with an ECDSA key. */
const ecdsaTwins = ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES128-GCM-SHA256'];

const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'];

const curves = 'X25519:P-256:P-384';

/**
 * What every listener speaks: TLS 1.3, and TLS 1.2 with the page's suites and their ECDSA twins.
 * All of them keep past connections secret when a server's key is lost later.
 */
export const defaultPolicy: TlsPolicy = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: [...tls13Suites, ...ecdsaTwins, ...pageSuites].join(':'),
  honorCipherOrder: true,
  ecdhCurve: curves,
  // No client shows a certificate. Without this Node would parse all of the web's authorities, which
  // costs each process some 20 ms before it listens.
  ca: [],
};

/** What the page says of RabbitMQ brokers and nothing else: TLS 1.2 with two RSA suites. */
export const parityPolicy: TlsPolicy = {
  ...defaultPolicy,
  maxVersion: 'TLSv1.2',
  ciphers: pageSuites.join(':'),
};
