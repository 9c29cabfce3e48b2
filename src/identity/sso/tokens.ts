// The tokens of sign-ins. They are authenticated, not stored.

import { createHash, type KeyObject } from 'node:crypto';
import { authenticationCode, deriveKey, isSameCode } from '../../crypto/derive.ts';

/** The purposes of tokens, which are their first part. */
type Purpose = 'access' | 'refresh';

const form = /^(access|refresh)\.([\w-]{22})\.([0-9a-z]{1,10})\.([\w-]{43})$/;

/** What an authentic token says. */
export interface ReadToken {
  readonly signInId: string;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
}

/** Makes and reads the tokens of sign-ins, and the secrets of clients. */
export class SignInTokens {
  readonly #key: KeyObject;

  /** @param key 256 bits */
  constructor(key: KeyObject) {
    this.#key = deriveKey(key, Buffer.alloc(0), 'waxwing sso: tokens');
  }

  /** A token for access to the portal. */
  access(signInId: string, expiresMs: number): string {
    return this.#made('access', signInId, expiresMs, '');
  }

  /** A token with which one client gets further access tokens. */
  refresh(signInId: string, expiresMs: number, clientId: string): string {
    return this.#made('refresh', signInId, expiresMs, clientId);
  }

  /** Reads an access token; undefined if it is not authentic. */
  readAccess(token: string): ReadToken | undefined {
    return this.#read('access', token, '');
  }

  /** Reads a refresh token of a client; undefined if it is not authentic. */
  readRefresh(token: string, clientId: string): ReadToken | undefined {
    return this.#read('refresh', token, clientId);
  }

  /** The secret of a registered client. */
  clientSecret(clientId: string): string {
    return this.#code(`client ${clientId}`).toString('base64url');
  }

  /** Whether this is the secret of a client. */
  isClientSecret(clientId: string, secret: string): boolean {
    return isSameCode(Buffer.from(secret, 'base64url'), this.#code(`client ${clientId}`));
  }

  #made(purpose: Purpose, signInId: string, expiresMs: number, clientId: string): string {
    const text = `${purpose}.${signInId}.${Math.floor(expiresMs / 1000).toString(36)}`;
    return `${text}.${this.#code(`${text} ${clientId}`).toString('base64url')}`;
  }

  #read(purpose: Purpose, token: string, clientId: string): ReadToken | undefined {
    const [, found, signInId = '', seconds = '', code = ''] = form.exec(token) ?? [];
    if (found !== purpose) return undefined;
    const text = `${purpose}.${signInId}.${seconds}`;
    const expected = this.#code(`${text} ${clientId}`);
    if (!isSameCode(Buffer.from(code, 'base64url'), expected)) return undefined;
    return { signInId, expiresMs: Number.parseInt(seconds, 36) * 1000 };
  }

  #code(text: string): Buffer {
    return authenticationCode(this.#key, Buffer.from(text));
  }
}

/** The digest under which a code that somebody holds is kept. */
export function digestOf(code: string): string {
  return createHash('sha256').update(code).digest('base64');
}
