// The TLS settings of ActiveMQ's connectors.

/** Versions and cipher suites with Java's names. */
export interface JavaTls {
  readonly versions: readonly string[];
  readonly suites: readonly string[];
  /** Security properties of Java that differ from its own. */
  readonly properties: string;
}

/**
 * What Java disables, without the suites with RSA key exchange, which newer versions disable: the
 * guide has six of them.
 */
const withRsaKeyExchange =
  'jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, DTLSv1.0, RC4, DES, MD5withRSA, ' +
  'DH keySize < 2048, EC keySize < 224, 3DES_EDE_CBC, anon, NULL, ECDH\n';

/** TLS 1.3, and TLS 1.2 with suites with forward secrecy, as all brokers of the service have. */
const usual: JavaTls = {
  versions: ['TLSv1.2', 'TLSv1.3'],
  suites: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_AES_128_GCM_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  ],
  properties: '',
};

/** Exactly what the Amazon MQ guide states for ActiveMQ brokers: TLS 1.2 with 18 suites, in its order. */
const ofAmazonMq: JavaTls = {
  versions: ['TLSv1.2'],
  suites: ['256', '128'].flatMap((bits) => {
    const best = bits === '256' ? 'SHA384' : 'SHA256';
    return [
      `TLS_ECDHE_RSA_WITH_AES_${bits}_GCM_${best}`,
      `TLS_ECDHE_RSA_WITH_AES_${bits}_CBC_${best}`,
      `TLS_ECDHE_RSA_WITH_AES_${bits}_CBC_SHA`,
      `TLS_DHE_RSA_WITH_AES_${bits}_GCM_${best}`,
      `TLS_DHE_RSA_WITH_AES_${bits}_CBC_SHA256`,
      `TLS_DHE_RSA_WITH_AES_${bits}_CBC_SHA`,
      `TLS_RSA_WITH_AES_${bits}_GCM_${best}`,
      `TLS_RSA_WITH_AES_${bits}_CBC_SHA256`,
      `TLS_RSA_WITH_AES_${bits}_CBC_SHA`,
    ];
  }),
  properties: withRsaKeyExchange,
};

/** The settings of a pair. */
export function javaTls(hasTlsParity: boolean): JavaTls {
  return hasTlsParity ? ofAmazonMq : usual;
}
