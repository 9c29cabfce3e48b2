// Checks of the certificates for the public names.

import { expiryWarningMs } from '../public/public-certificates.ts';
import type { Check } from './advice-parts.ts';

const expiresSoon: Check = {
  name: 'certificate-expires',
  why: 'TLS between clients and the service',
  *examinations({ publicCertificates }, nowMs) {
    for (const { kind, current } of publicCertificates) {
      yield () => {
        if (current !== undefined && current.expiresAtMs > nowMs + expiryWarningMs)
          return undefined;
        const until = current && new Date(current.expiresAtMs).toISOString();
        return {
          subject: 'certificate for the public names',
          what: until === undefined ? 'there is none yet' : `it is valid until ${until}`,
          fix:
            kind === 'file'
              ? 'replace the files of --tls-certificate and --tls-key; the service reads them again'
              : 'see the log for the reason why it was not renewed',
        };
      };
    }
  },
};

/** The checks of the certificates for the public names. */
export const certificateChecks: readonly Check[] = [expiresSoon];
