// The certificates that authorities outside issued, and their renewal.

import type { KeyObject } from 'node:crypto';
import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { SystemState } from '../compose.ts';
import type { Settings } from '../settings.ts';
import type { AcmeCertificate } from './acme/acme-certificate.ts';
import type { FileCertificate } from './file-certificate.ts';
import type { PublicCertificate, PublicCertificateSource } from './public-certificate.ts';

/** The interval of checks whether the files of a certificate have changed. */
const filesEveryMs = 5000;
/** The interval of warnings about a certificate that expires soon. */
const warnEveryMs = 24 * 3600 * 1000;
/** Time before the end of a certificate from which the log has a warning each day. */
export const expiryWarningMs = 14 * 24 * 3600 * 1000;

type AcmeState = Pick<SystemState, 'acme' | 'store'>;

/** The certificates for the public names, which listeners show beside those of the own authority. */
export class PublicCertificates {
  readonly #file: FileCertificate | undefined;
  #acme: AcmeCertificate | undefined = undefined;
  readonly #log: ServiceLog;
  #lookAtMs = 0;
  #warnAtMs = 0;

  private constructor(file: FileCertificate | undefined, log: ServiceLog) {
    this.#file = file;
    this.#log = log;
  }

  /** @throws {ServerError} `certificate-unusable` */
  static async open(
    { publicAccess, publicHosts, hasTlsParity }: Settings,
    log: ServiceLog,
  ): Promise<PublicCertificates> {
    const { certificateFiles } = publicAccess;
    if (certificateFiles === undefined) return new PublicCertificates(undefined, log);
    const { FileCertificate: Opened } = await import('./file-certificate.ts');
    const needs = { publicHosts, hasTlsParity };
    return new PublicCertificates(await Opened.open(certificateFiles, needs, log), log);
  }

  /** Prepares the certificate by ACME, if that is set. It is ordered later. */
  async openAcme(settings: Settings, state: AcmeState, sealingKey: KeyObject): Promise<void> {
    const { publicAccess, publicHosts, hasTlsParity, host } = settings;
    const { acme } = publicAccess;
    if (acme === undefined) return;
    const { AcmeCertificate: Opened } = await import('./acme/acme-certificate.ts');
    this.#acme = new Opened({
      settings: acme,
      host,
      publicHosts,
      hasTlsParity,
      journal: state.acme,
      sealingKey,
      commit: (entries) => state.store.commit(entries),
      log: this.#log,
    });
  }

  get sources(): readonly PublicCertificateSource[] {
    return [this.#file, this.#acme].filter((each) => each !== undefined);
  }

  /** The certificates that there are. */
  get current(): PublicCertificate[] {
    return this.sources.flatMap(({ current }) => current ?? []);
  }

  /**
   * Looks for changed files, and orders certificates that are due.
   *
   * @param changed called if there is another certificate
   */
  tick(changed: () => void): void {
    const nowMs = systemClock.monotonicMs();
    this.#warn(nowMs);
    this.#acme?.tick(changed);
    if (nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + filesEveryMs;
    this.#reload(false, changed);
  }

  /** Reads the files again. */
  reload(changed: () => void): void {
    this.#reload(true, changed);
  }

  #reload(isAsked: boolean, changed: () => void): void {
    this.#file?.reload(isAsked).then(
      (isOther) => (isOther ? changed() : undefined),
      (error: unknown) => this.#log.error({ err: error }, 'the certificate could not be read'),
    );
  }

  #warn(nowMs: number): void {
    if (nowMs < this.#warnAtMs) return;
    this.#warnAtMs = nowMs + warnEveryMs;
    for (const { kind, current } of this.sources) {
      const expiresAtMs = current?.expiresAtMs ?? Number.POSITIVE_INFINITY;
      if (expiresAtMs > systemClock.nowMs() + expiryWarningMs) continue;
      const until = new Date(expiresAtMs).toISOString();
      this.#log.warn({ source: kind, until }, 'the certificate for the public names expires soon');
    }
  }
}
