// Watches the files of a certificate.

import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { type CertificateFiles, readCertificate, stampOf } from './certificate-files.ts';
import type { CertificateNeeds } from './check-certificate.ts';
import type { PublicCertificate, PublicCertificateSource } from './public-certificate.ts';

/**
 * The certificate in files of the operator. If the files change to something that cannot be used, the
 * last good certificate stays in use, and the log has an error.
 */
export class FileCertificate implements PublicCertificateSource {
  readonly kind = 'file';
  readonly #files: CertificateFiles;
  readonly #needs: CertificateNeeds;
  readonly #log: ServiceLog;
  #stamp: string;
  #current: PublicCertificate;
  #reading: Promise<boolean> | undefined = undefined;
  failureCount = 0;

  private constructor(
    files: CertificateFiles,
    needs: CertificateNeeds,
    log: ServiceLog,
    stamp: string,
    current: PublicCertificate,
  ) {
    this.#files = files;
    this.#needs = needs;
    this.#log = log;
    this.#stamp = stamp;
    this.#current = current;
  }

  /** @throws {ServerError} `certificate-unusable` */
  static async open(
    files: CertificateFiles,
    needs: CertificateNeeds,
    log: ServiceLog,
  ): Promise<FileCertificate> {
    const stamp = await stampOf(files); // before reading, so that no change is missed
    const current = await readCertificate(files, needs, systemClock.nowMs());
    return new FileCertificate(files, needs, log, stamp, current);
  }

  get current(): PublicCertificate {
    return this.#current;
  }

  /**
   * Reads the files again if they have changed.
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
    if (stamp === this.#stamp && !isAsked) return false;
    this.#stamp = stamp;
    const { certificateFile } = this.#files;
    try {
      const found = await readCertificate(this.#files, this.#needs, systemClock.nowMs());
      const { certificate, privateKey } = this.#current;
      if (found.certificate === certificate && found.privateKey === privateKey) return false;
      this.#current = found;
      const until = new Date(found.expiresAtMs).toISOString();
      this.#log.info({ file: certificateFile, until }, 'a new certificate is in use');
      return true;
    } catch (error) {
      this.failureCount++;
      const until = new Date(this.#current.expiresAtMs).toISOString();
      const text = 'the changed certificate is not used; the earlier one stays in use';
      this.#log.error({ problem: (error as Error).message, until }, text);
      return false;
    }
  }
}
