import { type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Certificate, KeyKind } from '../crypto/authority.ts';
import { openValue, sealValue } from '../crypto/sealed-value.ts';
import type { Journal } from '../storage/journal.ts';

/** A certificate as the journal keeps it: its key is sealed. */
export interface CertificateChange {
  readonly role: 'authority' | KeyKind;
  /** PEM. */
  readonly certificate: string;
  /** Base64; PKCS #8 PEM inside. */
  readonly sealedKey: string;
}

const dayMs = 24 * 60 * 60 * 1000;

/** A certificate that ends within this time is replaced at the next start. */
const renewalMs = 60 * dayMs;

const serverKinds: readonly KeyKind[] = ['ecdsa', 'rsa'];

/** The service's own authority, and the certificates that all of its listeners show. */
export class ServerCertificates implements Journal<CertificateChange> {
  readonly name = 'certificates';
  readonly #kept = new Map<string, CertificateChange>();

  apply(change: CertificateChange): void {
    this.#kept.set(change.role, change);
  }

  snapshot(): Iterable<CertificateChange> {
    return this.#kept.values();
  }

  /** The authority's certificate, PEM; empty before the first {@link renewals}. */
  get authority(): string {
    return this.#kept.get('authority')?.certificate ?? '';
  }

  /**
   * Makes what is missing, ends soon, or lacks one of the hosts.
   *
   * @param sealingKey 256 bits, derived from the system volume's data key
   * @returns changes to commit before the certificates are used; usually none
   */
  async renewals(
    sealingKey: KeyObject,
    hosts: readonly string[],
    nowMs: number,
  ): Promise<CertificateChange[]> {
    const isKept = this.#isGood('authority', [], nowMs);
    const missing = serverKinds.filter((kind) => !isKept || !this.#isGood(kind, hosts, nowMs));
    if (missing.length === 0) return [];
    // Loaded only where something is to be made: it takes longer to load than all else here.
    const { createAuthority, issueServerCertificate } = await import('../crypto/authority.ts');
    const authority = isKept ? this.#open(sealingKey, 'authority') : await createAuthority(nowMs);
    const issued = await Promise.all(
      missing.map(async (kind) =>
        seal(sealingKey, kind, await issueServerCertificate(authority, kind, hosts, nowMs)),
      ),
    );
    return isKept ? issued : [seal(sealingKey, 'authority', authority), ...issued];
  }

  #isGood(role: CertificateChange['role'], hosts: readonly string[], nowMs: number): boolean {
    const kept = this.#kept.get(role);
    if (kept === undefined) return false;
    const certificate = new X509Certificate(kept.certificate);
    return (
      Date.parse(certificate.validTo) - nowMs > renewalMs &&
      hosts.every((host) => isNamed(certificate, host))
    );
  }

  /** The certificates that listeners show, with their keys in clear. */
  servers(sealingKey: KeyObject): Certificate[] {
    return serverKinds.map((kind) => this.#open(sealingKey, kind));
  }

  #open(sealingKey: KeyObject, role: CertificateChange['role']): Certificate {
    const { certificate = '', sealedKey = '' } = this.#kept.get(role) ?? {};
    const key = openValue(sealingKey, `key of ${role}`, Buffer.from(sealedKey, 'base64'));
    return { certificate, privateKey: key.toString('utf8') };
  }
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  if (certificate.checkHost(host) !== undefined) return true;
  // To find that `::1` is an address takes Node 3 ms the first time, at every start.
  const isAddress = host === '::1' || isIP(host) !== 0;
  return isAddress && certificate.checkIP(host) !== undefined;
}

function seal(key: KeyObject, role: CertificateChange['role'], made: Certificate) {
  const sealed = sealValue(key, `key of ${role}`, Buffer.from(made.privateKey));
  return { role, certificate: made.certificate, sealedKey: sealed.toString('base64') };
}
