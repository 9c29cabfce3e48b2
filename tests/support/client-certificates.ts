// Certificates of clients for tests.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 24 * 60 * 60 * 1000;

/** A certificate and its key, PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that issues certificates of clients. */
export class ClientAuthority {
  readonly #certificate: x509.X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
  }

  static async create(name: string): Promise<ClientAuthority> {
    const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: '01',
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - dayMs),
      notAfter: new Date(Date.now() + dayMs),
      signingAlgorithm: ecdsa,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new ClientAuthority(certificate, keys);
  }

  /** PEM. */
  get certificate(): string {
    return this.#certificate.toString('pem');
  }

  /** @param subject for example `CN=amy,O=example` */
  async issue(
    subject: string,
    alternativeNames: readonly x509.JsonGeneralName[] = [],
  ): Promise<ClientCertificate> {
    const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: '02',
      subject,
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() - dayMs),
      notAfter: new Date(Date.now() + dayMs),
      signingAlgorithm: ecdsa,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions:
        alternativeNames.length === 0
          ? []
          : [new x509.SubjectAlternativeNameExtension([...alternativeNames])],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    return {
      cert: certificate.toString('pem'),
      key: x509.PemConverter.encode(key, 'PRIVATE KEY'),
    };
  }
}
