// Watches the files of a certificate.

import { type Clock, systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { type CertificateFiles, readCertificate, stampOf } from './certificate-files.ts';
import type { CertificateNeeds } from './check-certificate.ts';
import type { PublicCertificate, PublicCertificateSource } from './public-certificate.ts';

/** Time until files that cannot be used are read again although they did not change, milliseconds. */
const retryMs = 60_000;

/**
 * The certificate in files of the operator. If the files change to something that cannot be used, the
 * last good certificate stays in use, and the log has an error. They may be usable later without a change:
 * a certificate that is installed before it is valid.
 */
export class FileCertificate implements PublicCertificateSource {
  readonly kind = 'file';
  readonly #files: CertificateFiles;
  readonly #needs: CertificateNeeds;
  readonly #log: ServiceLog;
  readonly #clock: Clock;
  #stamp: string;
  #current: PublicCertificate;
  #reading: Promise<boolean> | undefined = undefined;
  #retryAtMs = Number.POSITIVE_INFINITY;
  failureCount = 0;

  private constructor(
    files: CertificateFiles,
    needs: CertificateNeeds,
    log: ServiceLog,
    clock: Clock,
    stamp: string,
    current: PublicCertificate,
  ) {
    this.#files = files;
    this.#needs = needs;
    this.#log = log;
    this.#clock = clock;
    this.#stamp = stamp;
    this.#current = current;
  }

  /** @throws {ServerError} `certificate-unusable` */
  static async open(
    files: CertificateFiles,
    needs: CertificateNeeds,
    log: ServiceLog,
    clock: Clock = systemClock,
  ): Promise<FileCertificate> {
    const stamp = await stampOf(files); // before reading, so that no change is missed
    const current = await readCertificate(files, needs, clock.nowMs());
    return new FileCertificate(files, needs, log, clock, stamp, current);
  }

  get current(): PublicCertificate {
    return this.#current;
  }

  /**
   * Reads the files again if they have changed, or could not be used a minute ago.
   *
   * @param isAsked whether to read them in any case
   * @returns whether there is another certificate
   */
  reload(isAsked = false): Promise<boolean> {
    this.#reading ??= this.#reload(isAsked).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #reload(isAsked: boolean): Promise<boolean> {
    const stamp = await stampOf(this.#files);
    const isNew = stamp !== this.#stamp || isAsked;
    if (!isNew && this.#clock.monotonicMs() < this.#retryAtMs) return false;
    this.#stamp = stamp;
    this.#retryAtMs = Number.POSITIVE_INFINITY;
    const { certificateFile } = this.#files;
    try {
      const found = await readCertificate(this.#files, this.#needs, this.#clock.nowMs());
      const { certificate, privateKey } = this.#current;
      if (found.certificate === certificate && found.privateKey === privateKey) return false;
      this.#current = found;
      const until = new Date(found.expiresAtMs).toISOString();
      this.#log.info({ file: certificateFile, until }, 'a new certificate is in use');
      return true;
    } catch (error) {
      this.#retryAtMs = this.#clock.monotonicMs() + retryMs;
      if (!isNew) return false; // it was told
      this.failureCount++;
      const until = new Date(this.#current.expiresAtMs).toISOString();
      const text = 'the changed certificate is not used; the earlier one stays in use';
      this.#log.error({ problem: (error as Error).message, until }, text);
      return false;
    }
  }
}
