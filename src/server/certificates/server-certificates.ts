// The certificate authorities of the service and the certificates of its listeners.

import { type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Certificate, generateKeys, KeyKind } from '../../crypto/authority.ts';
import { openValue, sealValue } from '../../crypto/sealed-value.ts';
import type { Journal } from '../../storage/journal.ts';

/** A certificate in the journal, with its sealed private key. */
export interface KeptCertificate {
  /**
   * `api-authority`; `authority` for the brokers' authority; or the owner and key type of a
   * certificate: `api ecdsa`, `b-… rsa`. Earlier releases had one certificate per key type for all
   * listeners: `ecdsa` and `rsa`.
   */
  readonly role: string;
  /** PEM. */
  readonly certificate: string;
  /** Base64; contains PKCS #8 PEM. */
  readonly sealedKey: string;
  /**
   * The hosts of the certificate. An authority is constrained to its hosts. Earlier releases did
   * not store them.
   */
  readonly hosts?: readonly string[];
}

/** A change of the journal of certificates. */
export type CertificateChange = KeptCertificate | { readonly removed: string };

/** Host names and addresses for certificates. */
export interface Hosts {
  /** Hosts that every certificate must have. */
  readonly wanted: readonly string[];
  /** Additional hosts for a new authority. An existing authority is not replaced to add them. */
  readonly welcome: readonly string[];
  /** Hosts that only certificates of the API must have. */
  readonly ofApi?: readonly string[];
  /** Domains whose names only certificates of brokers have. */
  readonly brokerDomains?: readonly string[];
  /** The names of a broker in these domains. */
  readonly ofBroker?: (brokerId: string) => readonly string[];
}

const dayMs = 24 * 60 * 60 * 1000;

/** Certificates that expire within this time are replaced. */
const renewalMs = 60 * dayMs;

const kinds: readonly KeyKind[] = ['ecdsa', 'rsa'];
const api = 'api';

/**
 * The two authorities. They are separate, so that a broker's key or the brokers' authority cannot
 * be used to impersonate the API.
 */
const authorities = {
  api: { role: 'api-authority', name: 'API' },
  brokers: { role: 'authority', name: 'broker' },
} as const;

/**
 * The domain that contains a name for each broker, so that clients can distinguish brokers on one
 * host.
 */
const brokerDomain = 'mq.waxwing.internal';

/** The name that only the certificate of this broker has. */
export function brokerName(brokerId: string): string {
  return `${brokerId}.${brokerDomain}`;
}

type Keys = ReturnType<typeof generateKeys>;

/**
 * The certificate authorities of the service, and the certificates of the API and of each broker.
 * Each certificate has keys of its own.
 */
export class ServerCertificates implements Journal<CertificateChange> {
  readonly name = 'certificates';
  readonly #kept = new Map<string, KeptCertificate>();
  /** Keys that were generated in advance for the next broker. */
  #ahead: Map<KeyKind, Keys> | undefined = undefined;

  apply(change: CertificateChange): void {
    if ('removed' in change) this.#kept.delete(change.removed);
    else this.#kept.set(change.role, change);
  }

  snapshot(): Iterable<CertificateChange> {
    return this.#kept.values();
  }

  /** The certificate of the API's authority, PEM; empty before the first {@link authorityRenewals}. */
  get apiAuthority(): string {
    return this.#kept.get(authorities.api.role)?.certificate ?? '';
  }

  /** The certificate of the brokers' authority, PEM; empty before the first {@link authorityRenewals}. */
  get brokerAuthority(): string {
    return this.#kept.get(authorities.brokers.role)?.certificate ?? '';
  }

  /**
   * Issues the certificates of the authorities that are missing, expire soon, or lack a host.
   *
   * @param sealingKey 256 bits, derived from the data key of the system volume
   * @returns changes to commit before the certificates are used; usually none
   */
  async authorityRenewals(
    sealingKey: KeyObject,
    hosts: Hosts,
    nowMs: number,
  ): Promise<CertificateChange[]> {
    const changes: CertificateChange[] = [];
    for (const { role, name } of Object.values(authorities)) {
      const change = await this.#authorityRenewal(sealingKey, role, name, hosts, nowMs);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  /** Issues the certificates of the API. Call it after {@link authorityRenewals} are committed. */
  apiRenewals(sealingKey: KeyObject, hosts: Hosts, nowMs: number): Promise<CertificateChange[]> {
    const authority = this.#kept.get(authorities.api.role);
    const names = [...hosts.wanted, ...(hosts.ofApi ?? [])];
    return this.#issue(sealingKey, authority, api, names, nowMs, []);
  }

  /**
   * Returns the changes that remove certificates of deleted brokers and of earlier releases.
   *
   * @param hasBroker whether a broker with this id exists
   */
  removals(hasBroker: (id: string) => boolean): CertificateChange[] {
    const isNeeded = (role: string) => {
      const [owner = '', kind] = role.split(' ');
      return kind !== undefined ? owner === api || hasBroker(owner) : isAuthority(role);
    };
    return [...this.#kept.keys()].filter((role) => !isNeeded(role)).map((removed) => ({ removed }));
  }

  /** Issues the certificates of a broker. Call it after {@link authorityRenewals} are committed. */
  brokerRenewals(
    sealingKey: KeyObject,
    brokerId: string,
    { wanted, ofBroker }: Hosts,
    nowMs: number,
  ): Promise<CertificateChange[]> {
    const authority = this.#kept.get(authorities.brokers.role);
    const own = [brokerName(brokerId), ...(ofBroker?.(brokerId) ?? [])];
    return this.#issue(sealingKey, authority, brokerId, wanted, nowMs, own);
  }

  /** Starts to generate the keys for the next broker, which takes most of the time. */
  async prepare(): Promise<void> {
    const { generateKeys } = await import('../../crypto/authority.ts');
    this.#ahead ??= new Map(kinds.map((kind) => [kind, generateKeys(kind)]));
    // A failure is reported when the keys are used; otherwise it does not matter.
    for (const keys of this.#ahead.values()) keys.catch(() => {});
  }

  async #authorityRenewal(
    sealingKey: KeyObject,
    role: string,
    name: string,
    hosts: Hosts,
    nowMs: number,
  ): Promise<CertificateChange | undefined> {
    const kept = this.#kept.get(role);
    const domains =
      role === authorities.brokers.role
        ? [brokerDomain, ...(hosts.brokerDomains ?? [])]
        : (hosts.ofApi ?? []);
    const wanted = [...hosts.wanted, ...domains];
    const isConfined =
      kept?.hosts !== undefined && wanted.every((host) => kept.hosts?.includes(host));
    const isLasting = () =>
      kept !== undefined && !endsSoon(new X509Certificate(kept.certificate), nowMs);
    if (isConfined && isLasting()) return undefined;
    const { createAuthority } = await import('../../crypto/authority.ts');
    const all = [...new Set([...wanted, ...hosts.welcome])];
    const earlier = kept && open(sealingKey, kept);
    return seal(sealingKey, role, await createAuthority(name, all, nowMs, earlier), all);
  }

  /**
   * Issues the missing certificates of a listener, for the required hosts and the other hosts of
   * its authority.
   */
  async #issue(
    sealingKey: KeyObject,
    kept: KeptCertificate | undefined,
    owner: string,
    wanted: readonly string[],
    nowMs: number,
    own: readonly string[],
  ): Promise<CertificateChange[]> {
    const hosts = [...wanted, ...own];
    if (kept === undefined) return [];
    const allowed = [...(kept.hosts ?? []), ...own];
    const missing = kinds.filter(
      (kind) => !this.#isGood(`${owner} ${kind}`, hosts, allowed, nowMs),
    );
    if (missing.length === 0) return [];
    // Loaded only when needed, because loading it takes longer than everything else here.
    const { issueServerCertificate } = await import('../../crypto/authority.ts');
    const authority = open(sealingKey, kept);
    // Domains of brokers, and of earlier settings, are not hosts.
    const more = (kept.hosts ?? []).filter((host) => !host.startsWith('mq.'));
    const all = [...new Set([...wanted, ...more, ...own])];
    const ahead = own.length > 0 ? this.#ahead : undefined;
    if (ahead !== undefined) this.#ahead = undefined;
    return Promise.all(
      missing.map(async (kind) => {
        const made = await issueServerCertificate(authority, kind, all, nowMs, ahead?.get(kind));
        return seal(sealingKey, `${owner} ${kind}`, made, all);
      }),
    );
  }

  /**
   * Whether a certificate is valid long enough, has all required hosts, and has no host that its
   * authority no longer permits.
   */
  #isGood(
    role: string,
    hosts: readonly string[],
    allowed: readonly string[],
    nowMs: number,
  ): boolean {
    const kept = this.#kept.get(role);
    if (!kept?.hosts?.every((host) => allowed.includes(host))) return false;
    const certificate = new X509Certificate(kept.certificate);
    if (endsSoon(certificate, nowMs)) return false;
    return hosts.every((host) => isNamed(certificate, host));
  }

  /** The certificates of the API, with their private keys. */
  api(sealingKey: KeyObject): Certificate[] {
    return this.#certificatesOf(sealingKey, api);
  }

  /** The certificates of a broker, with their private keys. */
  broker(sealingKey: KeyObject, brokerId: string): Certificate[] {
    return this.#certificatesOf(sealingKey, brokerId);
  }

  #certificatesOf(sealingKey: KeyObject, owner: string): Certificate[] {
    return kinds.flatMap((kind) => {
      const kept = this.#kept.get(`${owner} ${kind}`);
      return kept === undefined ? [] : [open(sealingKey, kept)];
    });
  }
}

function isAuthority(role: string): boolean {
  return Object.values(authorities).some((authority) => authority.role === role);
}

function endsSoon({ validTo }: X509Certificate, nowMs: number): boolean {
  return Date.parse(validTo) - nowMs <= renewalMs;
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  if (certificate.checkHost(host) !== undefined) return true;
  // The first call of isIP() for `::1` takes Node 3 ms at every start.
  const isAddress = host === '::1' || isIP(host) !== 0;
  return isAddress && certificate.checkIP(host) !== undefined;
}

function open(sealingKey: KeyObject, { role, certificate, sealedKey }: KeptCertificate) {
  const key = openValue(sealingKey, `key of ${role}`, Buffer.from(sealedKey, 'base64'));
  return { certificate, privateKey: key.toString('utf8') };
}

function seal(
  key: KeyObject,
  role: string,
  { certificate, privateKey }: Certificate,
  hosts: readonly string[],
): KeptCertificate {
  const sealed = sealValue(key, `key of ${role}`, Buffer.from(privateKey));
  return { role, certificate, sealedKey: sealed.toString('base64'), hosts };
}
