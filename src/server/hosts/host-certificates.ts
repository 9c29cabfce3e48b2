// The authority of hosts, and the certificate of the service for them.

import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Certificate } from '../../crypto/authority.ts';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';
import type { AuthorityRecord } from '../../hosts/records.ts';
import { hostName, hostsDomain, serviceName } from '../../hosts/service-connection.ts';

/** Validity of the certificates of hosts. Agents renew them in time. */
const hostDays = 30;
const context = 'key of the authority of hosts';
/** An authority needs an address; no certificate of it has one. */
const loopback = '127.0.0.1';

/** Issues the certificates of hosts. */
export class HostCertificates {
  readonly #authority: Certificate;

  private constructor(authority: Certificate) {
    this.#authority = authority;
  }

  /** Creates an authority. @returns the record to commit before it is used */
  static async create(sealingKey: KeyObject, nowMs: number): Promise<AuthorityRecord> {
    const { createAuthority } = await import('../../crypto/authority.ts');
    const made = await createAuthority('host', [hostsDomain, loopback], nowMs);
    const key = Buffer.from(made.privateKey);
    const sealed = sealValue(sealingKey, context, key);
    key.fill(0);
    return { certificate: made.certificate, sealedKey: sealed.toString('base64') };
  }

  static open(sealingKey: KeyObject, { certificate, sealedKey }: AuthorityRecord) {
    const key = openValue(sealingKey, context, Buffer.from(sealedKey, 'base64'));
    const privateKey = key.toString('utf8');
    key.fill(0);
    return new HostCertificates({ certificate, privateKey });
  }

  /** The certificate of the authority, PEM. */
  get authority(): string {
    return this.#authority.certificate;
  }

  /** The certificate of the authority, DER. */
  get authorityBytes(): Buffer {
    return new X509Certificate(this.#authority.certificate).raw;
  }

  /** The certificate of the service with that of the authority behind it, and the key; PEM. */
  async service(nowMs: number): Promise<Certificate> {
    const { issueServerCertificate } = await import('../../crypto/authority.ts');
    const issued = await issueServerCertificate(this.#authority, 'ecdsa', [serviceName], nowMs);
    return { ...issued, certificate: `${issued.certificate}${this.#authority.certificate}` };
  }

  /** Issues the certificate of a host; undefined if the request is none. */
  async host(request: string, id: string, nowMs: number) {
    const { certifyClient } = await import('../../crypto/authority.ts');
    return certifyClient(this.#authority, request, hostName(id), hostDays, nowMs);
  }
}
