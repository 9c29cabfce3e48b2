// The SASL layer (part 5.3).

import { decodeText } from '../../base/byte-text.ts';
import type { SaslInit } from './codec/performatives.gen.ts';

/** The mechanisms that are offered. ANONYMOUS is not, because it would always be refused. */
export const mechanisms: readonly string[] = ['PLAIN'];

/** Codes of the outcome (5.3.3.6). */
export const saslCodes = {
  ok: 0,
  /** The credentials are wrong. */
  auth: 1,
  /** A permanent error: the mechanism is unknown. */
  sysPerm: 3,
} as const;

/** A user name and password. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Reads the credentials of a log-in with PLAIN: an optional identity to act as, which is ignored,
 * the name and the password, separated by null bytes.
 *
 * @returns the code of the outcome if there are none
 */
export function readCredentials({ mechanism, initialResponse }: SaslInit): Credentials | number {
  if (mechanism === 'ANONYMOUS') return saslCodes.auth;
  if (!mechanisms.includes(mechanism)) return saslCodes.sysPerm;
  const response = initialResponse ?? Buffer.alloc(0);
  const parts = decodeText(response, 0, response.length).split('\0');
  if (parts.length < 2 || parts.length > 3) return saslCodes.auth;
  const [username = '', password = ''] = parts.slice(-2);
  return { username, password };
}
