// The SASL layer (part 5.3).

import { decodeText } from '../../base/byte-text.ts';
import type { SaslInit } from './codec/performatives.gen.ts';

/** The mechanisms that are supported. ANONYMOUS is not, because it would always be refused. */
const supported: readonly string[] = ['EXTERNAL', 'PLAIN'];

/**
 * The mechanisms to offer. At least one must be named: if no supported one is permitted, it is ANONYMOUS, which
 * is refused.
 *
 * @param permitted those with which clients may log in
 */
export function offeredMechanisms(permitted: readonly string[]): readonly string[] {
  const offered = permitted.filter((mechanism) => supported.includes(mechanism));
  return offered.length === 0 ? ['ANONYMOUS'] : offered;
}

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
 * the name and the password, separated by null bytes. With EXTERNAL, the certificate of the client has the
 * name.
 *
 * @param permitted the mechanisms with which clients may log in
 * @returns the code of the outcome if there are none
 */
export function readCredentials(
  { mechanism, initialResponse }: SaslInit,
  permitted: readonly string[],
): Credentials | 'certificate' | number {
  if (mechanism === 'ANONYMOUS') return saslCodes.auth;
  if (!offeredMechanisms(permitted).includes(mechanism)) return saslCodes.sysPerm;
  if (mechanism === 'EXTERNAL') return 'certificate';
  const response = initialResponse ?? Buffer.alloc(0);
  const parts = decodeText(response, 0, response.length).split('\0');
  if (parts.length < 2 || parts.length > 3) return saslCodes.auth;
  const [username = '', password = ''] = parts.slice(-2);
  return { username, password };
}
