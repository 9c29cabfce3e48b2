// Renewal of certificates.

import type { KeyObject } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { systemClock } from '../../base/clock.ts';
import type { Certificate } from '../../crypto/authority.ts';
import { systemDisk } from '../../storage/disk.ts';
import type { SystemState } from '../compose.ts';
import type { CertificateChange, Hosts } from './server-certificates.ts';

/**
 * Keeps the certificates of all listeners valid. Each certificate is committed before it is used.
 */
export class CertificateKeeper {
  readonly #state: Pick<SystemState, 'certificates' | 'store' | 'brokers'>;
  readonly #sealingKey: KeyObject;
  readonly #hosts: Hosts;

  /** @param sealingKey 256 bits, derived from the data key of the system volume */
  constructor(
    state: Pick<SystemState, 'certificates' | 'store' | 'brokers'>,
    sealingKey: KeyObject,
    hosts: Hosts,
  ) {
    this.#state = state;
    this.#sealingKey = sealingKey;
    this.#hosts = hosts;
  }

  /** Starts to generate the keys of the first broker before the broker exists. */
  prepare(): Promise<void> {
    return this.#state.certificates.prepare();
  }

  /**
   * Issues the certificates of the authorities and the API that are missing or expire soon.
   * Certificates of brokers are issued by {@link broker}.
   *
   * @returns whether anything changed
   */
  async renew(): Promise<boolean> {
    const isAuthorityNew = await this.renewAuthorities();
    return (await this.renewApi()) || isAuthorityNew;
  }

  /** The part of {@link renew} that brokers need. */
  async renewAuthorities(): Promise<boolean> {
    const nowMs = systemClock.nowMs();
    const { certificates } = this.#state;
    return this.#commit(await certificates.authorityRenewals(this.#sealingKey, this.#hosts, nowMs));
  }

  /** The part of {@link renew} that brokers do not need. The authorities must be there. */
  async renewApi(): Promise<boolean> {
    const { certificates, brokers } = this.#state;
    const nowMs = systemClock.nowMs();
    const issued = await certificates.apiRenewals(this.#sealingKey, this.#hosts, nowMs);
    const removed = certificates.removals((id) => brokers.get(id) !== undefined);
    return this.#commit([...issued, ...removed]);
  }

  /** The certificates of the API. */
  api(): Certificate[] {
    return this.#state.certificates.api(this.#sealingKey);
  }

  /** The certificates of a broker; issued again if they expire soon. */
  async broker(id: string): Promise<Certificate[]> {
    const { certificates } = this.#state;
    const nowMs = systemClock.nowMs();
    await this.#commit(await certificates.brokerRenewals(this.#sealingKey, id, this.#hosts, nowMs));
    return certificates.broker(this.#sealingKey, id);
  }

  async #commit(changes: readonly CertificateChange[]): Promise<boolean> {
    if (changes.length === 0) return false;
    const { certificates, store } = this.#state;
    await store.commit(changes.map((change) => ({ journal: certificates.name, change })));
    return true;
  }
}

/** Writes certificates that clients will trust, unless another user could write the file. */
export async function writeCertificate(file: string, pem: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  const isOwn = found?.isFile() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0;
  if (isOwn && (await readFile(file, 'utf8')) === pem) return;
  await systemDisk.replace(file, Buffer.from(pem));
}
