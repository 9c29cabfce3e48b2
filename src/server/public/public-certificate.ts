// A certificate that an authority outside issued for the public names of the service.

import type { ServerCertificate } from '../../net/tls-listener.ts';

/** A certificate chain and its key. Clients that ask for one of its names get it. */
export interface PublicCertificate extends ServerCertificate {
  /** DNS names, in lower case. */
  readonly names: readonly string[];
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A source of such a certificate. */
export interface PublicCertificateSource {
  /** `file` or `acme`. */
  readonly kind: 'file' | 'acme';
  /** Undefined until there is one. */
  readonly current: PublicCertificate | undefined;
  /** The number of failed attempts to get a new one, since the start. */
  readonly failureCount: number;
}
