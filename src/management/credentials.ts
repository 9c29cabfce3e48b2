// Credentials in requests: of HTTP Basic authentication, and tokens.

import { decodeText } from '../base/byte-text.ts';

/** Maximum length of the header, characters. Tokens can have several KiB. */
const headerLengthMax = 12 * 1024;

/** A user name with its password, or a token. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Whether the password is a token, without a user name. */
  readonly isToken?: boolean;
}

/**
 * Reads the header `Authorization` (RFC 7617, RFC 6750).
 *
 * @returns undefined if it is missing, malformed, too long, or of another scheme
 */
export function readCredentials(header: string | undefined): Credentials | undefined {
  if (header === undefined || header.length > headerLengthMax) return undefined;
  const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(header) ?? [];
  if (token !== undefined) return { username: '', password: token, isToken: true };
  const [, encoded] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  if (encoded === undefined) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const text = decodeText(bytes, 0, bytes.length);
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
