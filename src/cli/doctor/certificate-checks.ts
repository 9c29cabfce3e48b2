// The check of `waxwing doctor` on the certificate for the public names.

import { systemClock } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { readCertificate } from '../../server/public/certificate-files.ts';
import { certificateFiles, type PublicOptions } from '../options/public-settings.ts';
import { type Finding, ok } from './finding.ts';

const about = 'certificate';
const dayMs = 24 * 3600 * 1000;
/** Time before the end of a certificate at which a warning is given. */
const soonMs = 30 * dayMs;

/** The settings that the check needs; those of `waxwing serve`. */
export interface CertificateOptions
  extends Pick<PublicOptions, 'tlsCertificate' | 'tlsKey' | 'tlsKeyPassphraseFile'> {
  readonly publicHost?: readonly string[];
  readonly tlsParity?: boolean;
}

/** Whether the certificate and its key can be used, and for how long. */
export async function checkCertificate(options: CertificateOptions): Promise<Finding[]> {
  try {
    const files = certificateFiles(options);
    if (files === undefined) return [];
    const needs = {
      publicHosts: options.publicHost ?? [],
      hasTlsParity: options.tlsParity ?? false,
    };
    const nowMs = systemClock.nowMs();
    const { expiresAtMs } = await readCertificate(files, needs, nowMs);
    const what = `${files.certificateFile} is valid until ${new Date(expiresAtMs).toISOString()}`;
    if (expiresAtMs > nowMs + soonMs) return [ok(about, what)];
    const fix = 'replace the certificate and its key; the service reads them again by itself';
    return [{ about, level: 'warning', what, fix }];
  } catch (error) {
    if (!(error instanceof WaxwingError)) throw error;
    return [{ about, level: 'problem', what: error.message }];
  }
}
