// Key stores, from which Java reads certificates and keys.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { ServerCertificate } from '../../../net/tls-listener.ts';

/** Object identifiers of PKCS#7, #9 and #12, DER. */
const oid = {
  data: '2a864886f70d010701',
  keyBag: '2a864886f70d010c0a0102',
  certificateBag: '2a864886f70d010c0a0103',
  x509Certificate: '2a864886f70d01091601',
  localKeyId: '2a864886f70d010915',
  friendlyName: '2a864886f70d010914',
  /** Of Java: what a certificate is trusted for; and everything. */
  trustedKeyUsage: '6086480186f966adca7b0101',
  anyUsage: '551d2500',
} as const;

/**
 * Writes a certificate, those that issued it, and its private key as a key store (PKCS#12, RFC 7292).
 * The key is encrypted with AES-256; the store is not authenticated, since it is on an encrypted
 * volume.
 *
 * @param certificate PEM, the one of the key first
 */
export function keyStore({ certificate, privateKey }: ServerCertificate, password: string): Buffer {
  const shrouded = createPrivateKey(privateKey).export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase: password,
  });
  const certificates = certificatesIn(certificate).map((pem, at) => {
    const value = tagged(0, octets(new X509Certificate(pem).raw));
    const bag = sequence(identifier('x509Certificate'), value);
    return sequence(identifier('certificateBag'), tagged(0, bag), ...(at === 0 ? [ofTheKey] : []));
  });
  const key = sequence(identifier('keyBag'), tagged(0, shrouded), ofTheKey);
  const safe = sequence(data(sequence(key, ...certificates)));
  const version = Buffer.from([0x02, 1, 3]);
  return sequence(version, data(safe));
}

/**
 * Writes certificates of authorities as a trust store (PKCS#12, with the attribute by which Java
 * recognises a trusted certificate). It contains nothing secret.
 *
 * @param authorities PEM
 */
export function trustStore(authorities: readonly string[]): Buffer {
  const trusted = sequence(identifier('trustedKeyUsage'), set(identifier('anyUsage')));
  const certificates = authorities.flatMap(certificatesIn).map((pem, at) => {
    const value = tagged(0, octets(new X509Certificate(pem).raw));
    const bag = sequence(identifier('x509Certificate'), value);
    const name = sequence(identifier('friendlyName'), set(wideText(`authority ${at}`)));
    return sequence(identifier('certificateBag'), tagged(0, bag), set(name, trusted));
  });
  return sequence(Buffer.from([0x02, 1, 3]), data(sequence(data(sequence(...certificates)))));
}

/** The attribute that says which certificate belongs to a key (RFC 2985, section 5.5.2). */
const ofTheKey = set(sequence(identifier('localKeyId'), set(octets(Buffer.from([1])))));

function data(content: Buffer): Buffer {
  return sequence(identifier('data'), tagged(0, octets(content)));
}

function identifier(name: keyof typeof oid): Buffer {
  return encoded(0x06, Buffer.from(oid[name], 'hex'));
}

/** The certificates of a text in PEM. */
function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

/** Text in UTF-16 (BMPString). */
function wideText(text: string): Buffer {
  return encoded(0x1e, Buffer.from(text, 'utf16le').swap16());
}

function octets(bytes: Buffer): Buffer {
  return encoded(0x04, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return encoded(0x30, Buffer.concat(parts));
}

function set(...parts: readonly Buffer[]): Buffer {
  return encoded(0x31, Buffer.concat(parts));
}

function tagged(number: number, content: Buffer): Buffer {
  return encoded(0xa0 | number, content);
}

/** A tag, the length in the shortest form, and the content (X.690, section 10.1). */
function encoded(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, content]);
}
