// Matching of the names that clients ask for with the names of certificates.

/**
 * Whether names of a certificate cover a host name (RFC 6125, 6.4): the same name, or a wildcard for
 * its first label.
 *
 * @param names DNS names, in lower case; the first label may be `*`
 */
export function coversName(names: readonly string[], host: string): boolean {
  const asked = host.toLowerCase().replace(/\.$/, '');
  const dot = asked.indexOf('.');
  const wildcard = dot > 0 ? `*${asked.slice(dot)}` : undefined;
  return names.some((name) => name === asked || name === wildcard);
}
