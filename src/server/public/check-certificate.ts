// Checks of a certificate for the public names.

import { type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { ServerError } from '../errors.ts';
import type { PublicCertificate } from './public-certificate.ts';

/** Maximum number of certificates in the chain. */
const chainCountMax = 10;
const rsaBitsMin = 2048;
const serverAuth = '1.3.6.1.5.5.7.3.1';

/** A certificate that was read or received. */
export interface FoundCertificate {
  /** The chain, the server's certificate first. */
  readonly pem: string;
  readonly key: KeyObject;
  /** What messages call them. */
  readonly certificateName: string;
  readonly keyName: string;
}

/** What a certificate must fit. */
export interface CertificateNeeds {
  /** It must be for the first one. */
  readonly publicHosts: readonly string[];
  /** Whether only suites with RSA are offered. */
  readonly hasTlsParity: boolean;
}

/**
 * Checks a certificate and its key.
 *
 * @throws {ServerError} `certificate-unusable`
 */
export function checkCertificate(
  { pem, key, certificateName: certificateFile, keyName: keyFile }: FoundCertificate,
  { publicHosts, hasTlsParity }: CertificateNeeds,
  nowMs: number,
): PublicCertificate {
  const chain = chainIn(certificateFile, pem);
  const [leaf] = chain;
  if (leaf === undefined) throw unusable(`${certificateFile} has no certificate in PEM`);
  if (!leaf.checkPrivateKey(key)) {
    throw unusable(
      `the key in ${keyFile} does not belong to the certificate in ${certificateFile}`,
    );
  }
  checkKeyType(key, keyFile, hasTlsParity);
  for (const [at, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[at + 1];
    if (issuer !== undefined && certificate.checkIssued(issuer)) continue;
    const text = `certificate ${at + 1} of ${certificateFile} was not issued by certificate ${at + 2}`;
    throw unusable(`${text}; each one must be followed by the one of its issuer`);
  }
  const [fromMs, untilMs] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
  if (fromMs > nowMs || untilMs <= nowMs) {
    const now = new Date(nowMs).toISOString();
    const text = `is valid from ${leaf.validFrom} to ${leaf.validTo}; it is ${now} now`;
    throw unusable(`the certificate in ${certificateFile} ${text}`);
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.includes(serverAuth)) {
    throw unusable(`the certificate in ${certificateFile} is not for servers (extended key usage)`);
  }
  const [host = ''] = publicHosts;
  const isNamed = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (isNamed === undefined) {
    const names = leaf.subjectAltName ?? 'no name';
    const text = `is for ${names.slice(0, 300)}; expected ${host}, the first --public-host`;
    throw unusable(`the certificate in ${certificateFile} ${text}`);
  }
  return {
    certificate: chain.map((each) => each.toString()).join(''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    names: dnsNamesOf(leaf),
    isForUnnamed: publicHosts.some((each) => isIP(each) !== 0 && leaf.checkIP(each) !== undefined),
    issuedAtMs: fromMs,
    expiresAtMs: untilMs,
  };
}

/** The DNS names of a certificate, in lower case. */
function dnsNamesOf({ subjectAltName = '' }: X509Certificate): string[] {
  // Names with other characters are quoted, and never match.
  return [...subjectAltName.matchAll(/DNS:([\w*.-]+)/g)].map(([, name = '']) => name.toLowerCase());
}

function chainIn(file: string, text: string): X509Certificate[] {
  const found = [
    ...text.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g),
  ].map(([pem]) => pem);
  if (found.length > chainCountMax) {
    throw unusable(
      `${file} has ${found.length} certificates; at most ${chainCountMax} are allowed`,
    );
  }
  try {
    return found.map((pem) => new X509Certificate(pem));
  } catch (cause) {
    throw unusable(`${file} has a certificate that cannot be read`, cause);
  }
}

function checkKeyType(key: KeyObject, file: string, hasTlsParity: boolean): void {
  const { asymmetricKeyType: type = '?', asymmetricKeyDetails: details = {} } = key;
  if (type === 'rsa' && (details.modulusLength ?? 0) >= rsaBitsMin) return;
  const isCommon = ['prime256v1', 'secp384r1'].includes(details.namedCurve ?? '');
  if (type === 'ec' && isCommon && !hasTlsParity) return;
  const found = `${type} ${details.modulusLength ?? details.namedCurve ?? ''}`.trim();
  const allowed = hasTlsParity ? 'with --tls-parity' : 'EC on P-256 or P-384, or';
  throw unusable(
    `the key in ${file} is ${found}; expected ${allowed} RSA with at least ${rsaBitsMin} bits`,
  );
}

/** The error of a certificate that cannot be used. */
export function unusable(text: string, cause?: unknown): ServerError {
  return new ServerError('certificate-unusable', text, { cause });
}
