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
  const pems =
    certificate.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const certificates = pems.map((pem, at) => {
    const value = tagged(0, octets(new X509Certificate(pem).raw));
    const bag = sequence(identifier('x509Certificate'), value);
    return sequence(identifier('certificateBag'), tagged(0, bag), ...(at === 0 ? [ofTheKey] : []));
  });
  const key = sequence(identifier('keyBag'), tagged(0, shrouded), ofTheKey);
  const safe = sequence(data(sequence(key, ...certificates)));
  const version = Buffer.from([0x02, 1, 3]);
  return sequence(version, data(safe));
}

/** The attribute that says which certificate belongs to a key (RFC 2985, section 5.5.2). */
const ofTheKey = set(sequence(identifier('localKeyId'), set(octets(Buffer.from([1])))));

function data(content: Buffer): Buffer {
  return sequence(identifier('data'), tagged(0, octets(content)));
}

function identifier(name: keyof typeof oid): Buffer {
  return encoded(0x06, Buffer.from(oid[name], 'hex'));
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
