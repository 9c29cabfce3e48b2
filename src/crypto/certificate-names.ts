// The names in a client's certificate.

import { x509 } from './certificate-library.ts';

/** The part of a certificate that states the user name. */
export type NameSource =
  | { readonly from: 'distinguished-name' }
  | { readonly from: 'common-name' }
  | { readonly from: 'alternative-name'; readonly type: AlternativeType; readonly index: number };

/** The types of alternative names that can state a user name. */
export type AlternativeType = 'dns' | 'ip' | 'email' | 'uri';

const alternativeTypes: Readonly<Record<AlternativeType, string>> = {
  dns: 'dns',
  ip: 'ip',
  email: 'email',
  uri: 'url',
};

/**
 * Returns the user name in a certificate.
 *
 * @param der the certificate, which was verified
 * @returns undefined if it has no such name
 */
export function certificateName(der: Uint8Array, source: NameSource): string | undefined {
  const certificate = new x509.X509Certificate(der);
  const parts = certificate.subjectName.toJSON();
  if (source.from === 'common-name') {
    const names = parts.flatMap((part) => part['CN'] ?? []);
    return names.length === 0 ? undefined : names.join(',');
  }
  if (source.from === 'distinguished-name') {
    // The most specific part comes first (RFC 4514).
    const shown = parts.reverse().map((part) =>
      Object.entries(part)
        .flatMap(([type, values]) => values.map((value) => `${type}=${escaped(value)}`))
        .join('+'),
    );
    return shown.length === 0 ? undefined : shown.join(',');
  }
  const { type: wanted, index } = source;
  const extension = certificate.getExtension(x509.SubjectAlternativeNameExtension);
  const names = extension?.names.items.filter(({ type }) => type === alternativeTypes[wanted]);
  return names?.[index]?.value;
}

/** Escapes a value (RFC 4514, 2.4). */
function escaped(value: string): string {
  const text = value.replaceAll(/[\\,+"<>;]/g, String.raw`\$&`);
  return text.replace(/^[ #]/, String.raw`\$&`).replace(/ $/, String.raw`\ `);
}
