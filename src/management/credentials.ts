// Credentials of HTTP Basic authentication.

import { decodeText } from '../base/byte-text.ts';

/** Maximum length of the header, characters. */
const headerLengthMax = 2048;

/** A user name with its password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads the header `Authorization` (RFC 7617).
 *
 * @returns undefined if it is missing, malformed, too long, or of another scheme
 */
export function readCredentials(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > headerLengthMax) return undefined;
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const text = decodeText(bytes, 0, bytes.length);
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
