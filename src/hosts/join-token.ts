// The tokens with which machines join.

import { createHash } from 'node:crypto';
import type { Random } from '../base/random.ts';
import { HostError } from './errors.ts';

/** A token in parts. */
export interface JoinToken {
  /** 32 bytes. */
  readonly secret: Buffer;
  /** SHA-256 of the certificate of the authority of hosts, 32 bytes. */
  readonly authorityDigest: Buffer;
}

/** The beginning of every token. */
export const joinTokenPrefix = 'wxjoin1';
const partBytes = 32;
const form = /^wxjoin1\.([\w-]{43})\.([\w-]{43})$/;

/** Makes a token. @param authority the certificate of the authority of hosts, DER */
export function newJoinToken(random: Random, authority: Uint8Array): JoinToken {
  return { secret: random.bytes(partBytes), authorityDigest: digestOf(authority) };
}

/** The text of a token, which is shown once. */
export function joinTokenText({ secret, authorityDigest }: JoinToken): string {
  return [
    joinTokenPrefix,
    secret.toString('base64url'),
    authorityDigest.toString('base64url'),
  ].join('.');
}

/**
 * Reads the text of a token.
 *
 * @throws {HostError} `token-invalid`
 */
export function parseJoinToken(text: string): JoinToken {
  const [, secret, digest] = form.exec(text.trim()) ?? [];
  if (secret === undefined || digest === undefined) {
    // The text may be a secret of another kind.
    const found = `a text of ${text.trim().length} characters`;
    throw new HostError(
      'token-invalid',
      `the join token is ${found}; expected ${joinTokenPrefix}.….…`,
    );
  }
  return {
    secret: Buffer.from(secret, 'base64url'),
    authorityDigest: Buffer.from(digest, 'base64url'),
  };
}

/** What the service stores of a token. The secret has 256 random bits, so that a plain hash is enough. */
export function tokenDigest(secret: Uint8Array): string {
  return digestOf(secret).toString('hex');
}

/** SHA-256. */
export function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
