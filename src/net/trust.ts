// The authorities that connections to servers outside trust.

import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

/** Maximum number of contexts in memory. A process needs few: settings and commands name the authorities. */
const contextCountMax = 4;

const contexts = new Map<string, SecureContext>();

/**
 * The context of TLS clients, 1.2 or newer, that trust the public authorities and additional ones. It is kept,
 * because reading the public authorities takes 25 milliseconds.
 *
 * Sessions of connections with other contexts must not be resumed in it: their servers may have had
 * certificates of other authorities.
 *
 * @param authorities certificates, PEM
 * @throws {Error} an error of OpenSSL if a certificate cannot be read
 */
export function trustingContext(authorities: readonly string[]): SecureContext {
  const name = authorities.join('\n');
  const known = contexts.get(name);
  if (known !== undefined) return known;
  const context = createSecureContext({
    minVersion: 'TLSv1.2',
    ca: [...rootCertificates, ...authorities],
  });
  const [oldest] = contexts.keys();
  if (oldest !== undefined && contexts.size >= contextCountMax) contexts.delete(oldest);
  contexts.set(name, context);
  return context;
}
